import { refuse } from "../../domain/errors";
import type { Clock } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { type EnvironmentId, type RequestId, parseRequestId } from "../../domain/values";
import type { CallSignal } from "../ports/cancellation";
import type { Stores } from "../ports/unit-of-work";
import type { Fields } from "./fields";
import { Slice } from "../../event-loop/time-slices";

/** What the transport knows of a call. */
export interface Call {
  /** A digest of method and request: two calls with one request id must have the same. */
  fingerprint(): string;
  /** Aborted when the caller has given up. */
  readonly signal: CallSignal;
}

/** What the service does by itself: nobody gives it up, and nobody repeats it. */
export const ownCall: Call = { fingerprint: () => "", signal: new AbortController().signal };

/** A request id and the request it stands for. */
class IdempotencyKey {
  private digest: string | undefined;

  constructor(
    readonly requestId: RequestId,
    private readonly call: Call,
  ) {}

  /** Made when it is needed first: a request that breaks a rule does not need it, however large it is. */
  get fingerprint(): string {
    this.digest ??= this.call.fingerprint();
    return this.digest;
  }
}

/** A call's attempt to change something. */
export interface WriteContext {
  readonly signal: CallSignal;
  /** Absent: every call is a new request. */
  readonly idempotencyKey: IdempotencyKey | undefined;
}

export function parseWriteContext(fields: Fields, requestId: string | undefined, call: Call): WriteContext {
  const parsed = fields.optional("request_id", requestId, parseRequestId);
  return { signal: call.signal, idempotencyKey: parsed && new IdempotencyKey(parsed, call) };
}

/** The answers that requests with an id got, stored in the transaction of their change. */
export class IdempotencyRecords {
  constructor(private readonly clock: Clock) {}

  /** The answer to the same request before, if it had one; refuses another request with its id. */
  async findReplay<T>(
    stores: Stores,
    id: EnvironmentId,
    { idempotencyKey }: WriteContext,
  ): Promise<{ readonly answer: T } | undefined> {
    if (!idempotencyKey) return undefined;
    const slice = new Slice();
    const { requestId, fingerprint } = idempotencyKey;
    const ended = slice.end();
    if (ended) await ended;
    const earlier = await stores.idempotency.find(id, requestId, this.clock() - limits.requestIdLifetime);
    if (!earlier) return undefined;
    if (earlier.fingerprint !== fingerprint) throw refuse.requestIdReused(requestId);
    return { answer: earlier.answer as T };
  }

  /** Answers as before, else does the work and stores its answer with it. */
  async replayOrRun<T>(stores: Stores, id: EnvironmentId, context: WriteContext, work: () => Promise<T>): Promise<T> {
    const earlier = await this.findReplay<T>(stores, id, context);
    if (earlier) return earlier.answer;
    const answer = await work();
    if (context.idempotencyKey) {
      const { requestId, fingerprint } = context.idempotencyKey;
      const stored = { requestId, fingerprint, answer, createTime: this.clock() };
      await stores.idempotency.save(id, stored, stored.createTime - limits.requestIdLifetime);
    }
    return answer;
  }
}
