import type { Rpc, RpcDescription, StreamRpc } from "../calls/rpc";
import type { HandledService } from "./api";
import type { Method, Service } from "./service";

/** An RPC with its generated method, and what the steps of a call need to know about it. */
export interface HandledRpc {
  /** Its name in the generated service. */
  readonly name: string;
  readonly method: Method;
  readonly rpc: Rpc | StreamRpc;
}

/** Reports whether the response of an RPC is a stream. */
export const isStreamRpc = (rpc: Rpc | StreamRpc): rpc is StreamRpc => rpc.isStream;

/** Returns the RPCs of a service, for any transport. */
export function rpcsOf<S extends Service>({ service, handlers, actions, reaches }: HandledService<S>): HandledRpc[] {
  return Object.entries(service).map(([name, method]) => {
    const key = name as keyof S;
    const described: RpcDescription = {
      path: method.path,
      action: actions[key],
      reach: reaches[key] ?? "named",
      isStream: method.responseStream,
    };
    const handler: unknown = handlers[key];
    const rpc = method.responseStream
      ? { ...described, open: handler as StreamRpc["open"] }
      : { ...described, handle: handler as Rpc["handle"] };
    return { name, method, rpc };
  });
}
