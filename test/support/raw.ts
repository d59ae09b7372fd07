import { Client, Metadata, type ServiceError, credentials } from "@grpc/grpc-js";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import { EventServiceService } from "../../gen/orgroles/v1/event_service";
import { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { type Failure, readFailure } from "./client";

export interface RawAnswer {
  /** Absent when the call succeeded. */
  readonly failure: Failure | undefined;
  /** Absent when the call failed. */
  readonly response: Buffer | undefined;
  /** Bytes of the headers that came with a failure, as HTTP/2 counts them. */
  readonly headerBytes: number;
}

const bytes = (encoded: Buffer) => encoded;

/** A client that sends any bytes to any RPC, `RoleService/CreateRole` for one. */
export function rawClient(address: string, headers: Readonly<Record<string, string>> = {}) {
  const metadata = Metadata.fromHttp2Headers(headers);
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  return {
    /** Resolves with the response of a call, of a stream with the first one. */
    call: (rpc: string, request: Uint8Array) =>
      new Promise<RawAnswer>((resolve) => {
        const path = `/orgroles.v1.${rpc}`;
        const fail = (error: ServiceError) =>
          resolve({ failure: readFailure(error), response: undefined, headerBytes: headerBytesOf(error) });
        const succeed = (response: Buffer) => resolve({ failure: undefined, response, headerBytes: 0 });
        if (streams.has(rpc)) {
          const stream = client.makeServerStreamRequest(path, bytes, bytes, Buffer.from(request), metadata);
          stream.on("error", fail).on("data", (response: Buffer) => {
            succeed(response);
            stream.cancel();
          });
        } else
          client.makeUnaryRequest(path, bytes, bytes, Buffer.from(request), metadata, (error, response) =>
            error ? fail(error) : succeed(response ?? Buffer.alloc(0)),
          );
      }),
    close: () => client.close(),
  };
}

function headerBytesOf({ code, details, metadata }: ServiceError): number {
  const binary = metadata.get("grpc-status-details-bin").map((value) => (value as Buffer).toString("base64"));
  const headers = { "grpc-status": String(code), "grpc-message": encodeURI(details), binary: binary.join() };
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

/** A message of one field after the other: text and bytes as they are, numbers as varints. */
export function message(...fields: readonly (readonly [number, string | Uint8Array | number])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    writer.uint32(number * 8 + (typeof value === "number" ? 0 : 2));
    if (typeof value === "number") writer.int64(value);
    else writer.bytes(typeof value === "string" ? Buffer.from(value) : value);
  }
  return writer.finish();
}

const methods = [
  RoleServiceService,
  EnvironmentServiceService,
  PermissionServiceService,
  MembershipServiceService,
  AccessServiceService,
  EventServiceService,
].flatMap((service): { path: string; responseStream: boolean; requestDeserialize(bytes: Buffer): object }[] =>
  Object.values(service),
);
const rpcOf = ({ path }: { readonly path: string }) => path.replace("/orgroles.v1.", "");

/** All RPCs, as `RoleService/CreateRole`. */
export const allRpcs: readonly string[] = methods.map(rpcOf);

/** Those that respond with a stream. */
const streams: ReadonlySet<string> = new Set(methods.filter(({ responseStream }) => responseStream).map(rpcOf));

/** Those whose requests may have a request id. */
export const repeatableRpcs: readonly string[] = methods
  .filter((method) => "requestId" in method.requestDeserialize(Buffer.alloc(0)))
  .map(rpcOf);
