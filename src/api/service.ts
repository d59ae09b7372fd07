import type { Call, StreamingCall } from "../application/request/idempotency";
import type { Encoded } from "./encoded";

/** A generated method: its path, and the bytes of its messages. */
export interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (request: any) => Buffer; // each method has its own types: see Handlers
  readonly requestDeserialize: (bytes: Buffer) => any;
  readonly responseSerialize: (response: any) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => any;
}

/** A generated service. */
export type Service = Record<string, Method>;

type RequestOf<M> = M extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<M> = M extends { responseSerialize: (response: infer Response) => Buffer } ? Response : never;

type Handler<M> = M extends { readonly responseStream: true }
  ? (request: RequestOf<M>, call: StreamingCall) => AsyncGenerator<ResponseOf<M> | Encoded, void, void>
  : (request: RequestOf<M>, call: Call) => Promise<ResponseOf<M> | Encoded>;

/** A function for each RPC, from the decoded request to the response message or its bytes, or to many of them. */
export type Handlers<S extends Service> = { readonly [Rpc in keyof S]: Handler<S[Rpc]> };
