import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Event } from "../../gen/orgroles/v1/event";
import { Fault } from "../domain/fault";

/** Returns a function that writes events as protobuf's JSON, with the names of the proto files. */
export function eventToJson(): (event: Event) => string {
  const files = fromBinary(FileDescriptorSetSchema, readFileSync(require.resolve("#descriptor-set")));
  const registry = createFileRegistry(files);
  const schema = registry.getMessage("orgroles.v1.Event");
  if (!schema) throw new Fault("the descriptors have no Event");
  return (event) => {
    const message = fromBinary(schema, Event.encode(event).finish());
    return JSON.stringify(toJson(schema, message, { useProtoFieldName: true, registry }));
  };
}
