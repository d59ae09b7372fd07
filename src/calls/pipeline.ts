import { performance } from "node:perf_hooks";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator";
import { callerOf } from "../application/request/idempotency";
import { authorize } from "../domain/authorization";
import type { Author } from "../domain/event";
import { actingUserOf } from "./acting-user";
import type { Admission } from "./admission";
import type { CallContext, StreamContext } from "./call-context";
import type { CallRecord } from "./call-record";
import { demandOf } from "./demand";
import type { Rpc, StreamRpc } from "./rpc";
import type { CodeName } from "./status";
import type { TracedCall } from "./traced-call";
import type { Watches } from "./watches";

/**
 * The dependencies of the steps of a call. Every call of every transport passes the same steps: `authenticate` and `count` at
 * its headers, `perform` when its request is complete and decoded, and `record` at its end, whatever the outcome.
 */
export interface CallPipeline {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly watches: Watches;
  readonly log: Logger;
  readonly onEnd: (record: CallRecord) => void;
  /** Reports a call of a method that found the queue full and was refused unread. */
  readonly onLoadShed: (method: string) => void;
  /** Absent if calls are not traced. */
  readonly trace?: ((method: string, header: (name: string) => string | undefined) => TracedCall) | undefined;
}

/** Identifies the caller. Returns a promise only while keys of an issuer are fetched. Throws or rejects with a Refusal. */
export function authenticate({ authenticator }: CallPipeline, call: CallContext): Promise<void> | undefined {
  const caller = authenticator.authenticate(call.header("authorization"), () => call.peerCertificate());
  if (caller instanceof Promise) return caller.then((identified) => void (call.caller = identified));
  call.caller = caller;
  return undefined;
}

/** Counts the call against the caller's rate, whatever the outcome of the call. Throws or rejects above the rate. */
export function count({ admission }: CallPipeline, call: CallContext): Promise<void> | undefined {
  return admission.count(callerOf(call));
}

/** Authorizes a decoded request, waits for the call's turn, and handles the request. */
export async function perform(
  pipeline: CallPipeline,
  call: CallContext & { readonly rpc: Rpc },
  request: object,
): Promise<unknown> {
  const { rpc } = call;
  authorize(callerOf(call), demandOf(rpc, request));
  actingUserOf(call); // throws before anything is done
  return inTurn(pipeline, call, () => rpc.handle(request, call));
}

/**
 * Authorizes a decoded request for a stream, makes the first message in the call's turn, and sends one message after the
 * other. `send` resolves when the peer has taken a message. Returns when the stream is complete. Throws the reason with
 * which the call was aborted.
 */
export async function performStream(
  pipeline: CallPipeline,
  call: StreamContext & { readonly rpc: StreamRpc },
  request: object,
  send: (message: unknown) => Promise<void>,
): Promise<void> {
  const { rpc, requestId, caller } = call;
  authorize(callerOf(call), demandOf(rpc, request));
  const release = pipeline.watches.admit(call);
  const messages = rpc.open(request, call);
  try {
    let next = await inTurn(pipeline, call, () => messages.next());
    pipeline.log.info({ method: rpc.path, caller: caller?.name, requestId }, "watch");
    for (; !next.done; next = await messages.next()) await send(next.value);
  } finally {
    release();
    await messages.return();
  }
}

/** Waits for the call's turn, and does the work in it. */
async function inTurn<T>({ admission }: CallPipeline, call: CallContext, work: () => Promise<T>): Promise<T> {
  const { traced } = call;
  const turn = admission.admit(call);
  if (turn) await turn;
  try {
    return await (traced ? traced.run(work) : work());
  } finally {
    admission.release(call);
  }
}

/** Refuses a call that has found the queue full, at the pace of refusals, before anything of it is read. */
export function shed(
  { admission: { refusals }, onLoadShed }: CallPipeline,
  exchange: { once(event: "close", listener: () => void): void },
  method: string,
  sendRefusal: () => void,
): void {
  onLoadShed(method);
  exchange.once("close", () => refusals.cancel(sendRefusal));
  refusals.run(sendRefusal);
}

/** Records the end of a call in its span, the metrics and the log. */
export function record({ onEnd }: CallPipeline, call: CallContext, code: CodeName, reason?: string): void {
  const { rpc, requestId, since, caller, traced } = call;
  const ended: CallRecord = {
    method: rpc.path,
    code,
    reason,
    duration: Math.round((performance.now() - since) * 1000) / 1000,
    caller: caller?.name,
    requestId,
    ...(rpc.isStream && { isStream: true }),
    ...(traced && { traceId: traced.traceId }),
  };
  traced?.end(ended);
  onEnd(ended);
}

/** Returns the author of the changes that a call makes. */
export function authorOf(call: CallContext): Author {
  return { actor: callerOf(call).name, actingUserId: actingUserOf(call), callId: call.requestId };
}
