import { refuse } from "./errors";
import { type EnvironmentId, type Fields, type RequestId, parseRequestId } from "./fields";
import type { Clock } from "./ids";
import { limits } from "./limits";
import { Slice } from "./slices";
import type { CallSignal, Stores } from "./stores";

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
class Identified {
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
export interface Attempt {
  readonly signal: CallSignal;
  /** Absent: every call is a new request. */
  readonly identified: Identified | undefined;
}

export function parseAttempt(fields: Fields, requestId: string | undefined, call: Call): Attempt {
  const parsed = fields.optional("request_id", requestId, parseRequestId);
  return { signal: call.signal, identified: parsed && new Identified(parsed, call) };
}

/** The answers that requests with an id got, stored in the transaction of their change. */
export class Answers {
  constructor(private readonly clock: Clock) {}

  /** The answer to the same request before, if it had one; refuses another request with its id. */
  async earlier<T>(
    stores: Stores,
    id: EnvironmentId,
    { identified }: Attempt,
  ): Promise<{ readonly answer: T } | undefined> {
    if (!identified) return undefined;
    const slice = new Slice();
    const { requestId, fingerprint } = identified;
    const ended = slice.end();
    if (ended) await ended;
    const earlier = await stores.answers.find(id, requestId, this.clock() - limits.requestIdLifetime);
    if (!earlier) return undefined;
    if (earlier.fingerprint !== fingerprint) throw refuse.requestIdReused(requestId);
    return { answer: earlier.answer as T };
  }

  /** Answers as before, else does the work and stores its answer with it. */
  async once<T>(stores: Stores, id: EnvironmentId, attempt: Attempt, work: () => Promise<T>): Promise<T> {
    const earlier = await this.earlier<T>(stores, id, attempt);
    if (earlier) return earlier.answer;
    const answer = await work();
    if (attempt.identified) {
      const { requestId, fingerprint } = attempt.identified;
      const stored = { requestId, fingerprint, answer, createTime: this.clock() };
      await stores.answers.save(id, stored, stored.createTime - limits.requestIdLifetime);
    }
    return answer;
  }
}
