import type { Method } from "../api/service";
import type { Rpc } from "../calls/rpc";
import type { Endpoint } from "./endpoint";
import type { WorkosIds } from "./ids";

/** An endpoint as the steps of a call see it. */
export interface ServedEndpoint extends Endpoint {
  readonly rpc: Rpc;
  readonly method: Method;
}

/** Makes an endpoint one of a call. Its requests have no protobuf: their fingerprints are of their JSON. */
export function serveEndpoint(endpoint: Endpoint, ids: () => Promise<WorkosIds>): ServedEndpoint {
  const { name, action, reach } = endpoint;
  const path = `/workos/${name}`;
  const method: Method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: toJson,
    requestDeserialize: fromJson,
    responseSerialize: toJson,
    responseDeserialize: fromJson,
  };
  const handle: Rpc["handle"] = async (request, call) => endpoint.handle(request, call, await ids());
  return { ...endpoint, method, rpc: { path, action, reach, isStream: false, handle } };
}

export const toJson = (value: object) => Buffer.from(JSON.stringify(value));
const fromJson = (bytes: Buffer): object => JSON.parse(bytes.toString());
