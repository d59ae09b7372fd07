import type { Call } from "../application/request/idempotency";
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

/** A function for each RPC, from the decoded request to the response message or its bytes. */
export type Handlers<S extends Service> = {
  readonly [Rpc in keyof S]: (request: RequestOf<S[Rpc]>, call: Call) => Promise<ResponseOf<S[Rpc]> | Encoded>;
};
