import { refuse } from "../../domain/errors";
import type { Clock } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { EnvironmentId } from "../../domain/values";
import { Slice } from "../../event-loop/time-slices";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import type { WriteContext } from "../request/idempotency";

/** The response that the same request got before. */
interface Replay<T> {
  readonly response: T;
}

/** Rolls back the creation of something that the same request has created before. */
class RequestRepeated extends Error {
  constructor(readonly replay: Replay<unknown>) {
    super("the request has been answered before");
    this.name = "RequestRepeated";
  }
}

/** The responses of requests with an id, each stored in the transaction of its change. */
export class IdempotencyRecords {
  constructor(
    private readonly units: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Returns the response of the same request before. Throws REQUEST_ID_REUSED if another request had its id. */
  async findReplay<T>(
    stores: Stores,
    id: EnvironmentId,
    { idempotencyKey }: WriteContext,
  ): Promise<Replay<T> | undefined> {
    if (!idempotencyKey) return undefined;
    const slice = new Slice();
    const { requestId, fingerprint } = idempotencyKey;
    const ended = slice.end();
    if (ended) await ended;
    const record = await stores.idempotency.find(id, requestId, this.clock() - limits.requestIdLifetime);
    if (!record) return undefined;
    if (record.fingerprint !== fingerprint && !idempotencyKey.matchesEarlier(record.fingerprint))
      throw refuse.requestIdReused(requestId);
    return { response: record.answer as T };
  }

  /** Returns the response of the same request before, else does the work and stores its response with it. */
  async replayOrRun<T>(stores: Stores, id: EnvironmentId, context: WriteContext, work: () => Promise<T>): Promise<T> {
    const replay = await this.findReplay<T>(stores, id, context);
    return replay ? replay.response : this.run(stores, id, context, work);
  }

  /** Does the work of a request that has begun with a creation. Rolls the creation back if it is a repeated request. */
  async rollBackOrRun<T>(stores: Stores, id: EnvironmentId, context: WriteContext, work: () => Promise<T>): Promise<T> {
    const replay = await this.findReplay<T>(stores, id, context);
    if (replay) throw new RequestRepeated(replay);
    return this.run(stores, id, context, work);
  }

  /** Returns the response of the same request before where the write fails because that request has been done. */
  async replayOnFailure<T>(id: EnvironmentId, context: WriteContext, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (error instanceof RequestRepeated) return error.replay.response as T;
      const replay = await this.units.lookup((stores) => this.findReplay<T>(stores, id, context));
      if (replay) return replay.response;
      throw error;
    }
  }

  private async run<T>(
    stores: Stores,
    id: EnvironmentId,
    { idempotencyKey }: WriteContext,
    work: () => Promise<T>,
  ): Promise<T> {
    const response = await work();
    if (!idempotencyKey) return response;
    const { requestId, fingerprint } = idempotencyKey;
    const createTime = this.clock();
    const record = { requestId, fingerprint, answer: response, createTime };
    await stores.idempotency.save(id, record, createTime - limits.requestIdLifetime);
    return response;
  }
}
