import { readFileSync } from "node:fs";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ReflectionService } from "@grpc/reflection";

/**
 * Server reflection, v1 and v1alpha, with the files as they were compiled. The library's own loaders lose imports and
 * comments on the way, and grpcurl cannot resolve what it gets then.
 */
export function reflection(): ReflectionService {
  const reader = new BinaryReader(readFileSync(require.resolve("#descriptor-set")));
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(Buffer.from(reader.bytes()));
    else reader.skip(wireType);
  }
  const format = "Protocol Buffer 3 DescriptorProto";
  return new ReflectionService({ files: { format, type: {}, fileDescriptorProtos: files } });
}
