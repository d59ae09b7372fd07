import { refuse } from "./errors";
import { type EnvironmentId, type Fields, type RequestId, parseRequestId } from "./fields";
import type { Clock } from "./ids";
import { limits } from "./limits";
import type { Stores } from "./stores";

/** What the transport knows of a call. */
export interface Call {
  /** A digest of method and request: two calls with one request id must have the same. */
  fingerprint(): string;
}

/** A request id and the request it stands for; without one every call is a new request. */
export interface Once {
  readonly requestId: RequestId;
  readonly fingerprint: string;
}

export function parseOnce(fields: Fields, requestId: string | undefined, call: Call): Once | undefined {
  const parsed = fields.optional("request_id", requestId, parseRequestId);
  return parsed && { requestId: parsed, fingerprint: call.fingerprint() };
}

/** The answers that requests with an id got, stored in the transaction of their change. */
export class Answers {
  constructor(private readonly clock: Clock) {}

  /** The answer to the same request before, if it had one; refuses another request with its id. */
  async earlier<T>(stores: Stores, id: EnvironmentId, once: Once): Promise<{ readonly answer: T } | undefined> {
    const earlier = await stores.answers.find(id, once.requestId, this.clock() - limits.requestIdLifetime);
    if (!earlier) return undefined;
    if (earlier.fingerprint !== once.fingerprint) throw refuse.requestIdReused(once.requestId);
    return { answer: JSON.parse(earlier.answer) as T };
  }

  /** Answers as before, else does the work and stores its answer with it. */
  async once<T>(stores: Stores, id: EnvironmentId, once: Once | undefined, work: () => Promise<T>): Promise<T> {
    if (!once) return work();
    const earlier = await this.earlier<T>(stores, id, once);
    if (earlier) return earlier.answer;
    const answer = await work();
    const stored = { ...once, answer: JSON.stringify(answer), createTime: this.clock() };
    await stores.answers.save(id, stored, stored.createTime - limits.requestIdLifetime);
    return answer;
  }
}
