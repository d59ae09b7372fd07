import { readFileSync } from "node:fs";
import { type DescMessage, type FileRegistry, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type HandledRpc, rpcsOf } from "../api/rpcs";
import type { HandledService } from "../api/api";
import { Fault } from "../domain/fault";

/** An RPC with the descriptors of its messages, from which their JSON follows. */
export interface HttpMethod extends HandledRpc {
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly registry: FileRegistry;
}

/** Returns the messages and services of the compiled files. */
export const readRegistry = (): FileRegistry =>
  createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(require.resolve("#descriptor-set"))));

/** Returns the methods of all services, by their paths. */
export function methodsOf(services: readonly HandledService[], registry: FileRegistry): Map<string, HttpMethod> {
  const methods = services.flatMap(rpcsOf).map((handled): [string, HttpMethod] => {
    const [, service = "", name = ""] = handled.method.path.split("/");
    const method = registry.getService(service)?.methods.find((one) => one.name === name);
    if (!method) throw new Fault(`The descriptor set has no method ${handled.method.path}`);
    return [handled.method.path, { ...handled, input: method.input, output: method.output, registry }];
  });
  return new Map(methods);
}
