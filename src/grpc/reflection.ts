import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type Server, type ServerDuplexStream, type ServiceDefinition, status } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";

type Answer = (stream: ServerDuplexStream<unknown, unknown>) => void;

/**
 * Adds server reflection, v1 and v1alpha, for the compiled files, and returns the definitions. The loaders of the library
 * lose imports and comments, and grpcurl cannot resolve the result.
 */
export function addReflection(server: Server, mostRequests: number): ServiceDefinition[] {
  const definitions: ServiceDefinition[] = [];
  const bounded = {
    addService(definition: ServiceDefinition, implementation: Record<string, Answer>) {
      definitions.push(definition);
      const rpcs = Object.entries(implementation).map(([rpc, answer]) => [rpc, withBackPressure(answer, mostRequests)]);
      server.addService(definition, Object.fromEntries(rpcs));
    },
  };
  reflection().addToServer(bounded);
  return definitions;
}

function reflection(): ReflectionService {
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

/** Has each request wait until the peer has taken the responses before it. The library writes all responses into memory. */
function withBackPressure(answer: Answer, mostRequests: number): Answer {
  return (stream) => {
    let left = mostRequests;
    const requests = Object.assign(new EventEmitter(), {
      write(response: unknown): void {
        if (stream.write(response)) return;
        stream.pause();
        stream.once("drain", () => stream.resume());
      },
      end: () => stream.end(),
    });
    answer(requests as unknown as ServerDuplexStream<unknown, unknown>);
    stream.on("data", (request) => {
      left -= 1;
      if (left >= 0) requests.emit("data", request);
      else if (left === -1)
        stream.emit("error", {
          code: status.RESOURCE_EXHAUSTED,
          details: `At most ${mostRequests} requests on a stream`,
        });
    });
    stream.on("end", () => requests.emit("end"));
  };
}
