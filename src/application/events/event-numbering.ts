import { Refusal } from "../../domain/errors";
import { type UnnumberedEvent, orderEvents } from "../../domain/event-order";
import type { EnvironmentUid } from "../../domain/ids";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";

/** Events that one transaction numbers. */
const chunk = 200;

/** Tries to number, each of them with the repetitions of a transaction: on a cluster the numberings of nodes conflict. */
const mostTries = 5;

/** The numberings of one environment: one is under way, and at most one waits. */
interface Runs {
  readonly current: Promise<void>;
  next: Promise<void> | undefined;
}

/**
 * Gives events their positions, after the commits of their changes. Numberings of one environment exclude each other and
 * commit in turn: whoever reads events after a position never finds one later that comes before. A crash delays events,
 * and loses none, because anybody who reads numbers first.
 */
export class EventNumbering {
  private readonly runs = new Map<EnvironmentUid, Runs>();

  constructor(private readonly units: UnitOfWork) {}

  /** Numbers all events that were committed before the call. */
  async number(uid: EnvironmentUid): Promise<void> {
    const runs = this.runs.get(uid);
    if (!runs) return this.start(uid);
    runs.next ??= runs.current.catch(() => undefined).then(() => this.start(uid));
    return runs.next;
  }

  private start(uid: EnvironmentUid): Promise<void> {
    const current = this.run(uid).finally(() => {
      if (!this.runs.get(uid)?.next) this.runs.delete(uid);
    });
    this.runs.set(uid, { current, next: undefined });
    return current;
  }

  private async run(uid: EnvironmentUid): Promise<void> {
    if (!(await this.units.lookup((stores) => stores.sequences.hasUnnumbered(uid)))) return;
    for (let from: string | undefined = ""; from !== undefined; ) from = await this.numberChunk(uid, from);
  }

  /** Returns the organization from which the next chunk goes on, undefined if everything is numbered. */
  private async numberChunk(uid: EnvironmentUid, from: string): Promise<string | undefined> {
    for (let tries = 1; ; tries += 1)
      try {
        return await this.units.write((stores) => numberSome(stores, uid, from));
      } catch (error) {
        const isConflict = error instanceof Refusal && error.reason === "CONFLICT_RETRY";
        if (!isConflict || tries === mostTries) throw error;
      }
  }
}

/**
 * Numbers a chunk of events. Reads those of organizations first: an event of the environment that one of them has seen
 * was committed before it, so that the second statement finds it.
 */
async function numberSome(stores: Stores, uid: EnvironmentUid, from: string): Promise<string | undefined> {
  const { sequences } = stores;
  const { lastPosition } = await sequences.lock(uid);
  const ofOrganizations = await sequences.listUnnumbered(uid, { organizationsFrom: from }, chunk);
  const own = await sequences.listUnnumbered(uid, "environment", chunk);
  const isOwnFull = own.length === chunk;
  const ordered: readonly UnnumberedEvent[] = isOwnFull ? own : orderEvents(own, ofOrganizations);
  const ids = ordered.map(({ id }) => id);
  if (ids.length) await sequences.number(uid, ids, lastPosition + 1);
  if (isOwnFull) return from;
  return ofOrganizations.length === chunk ? ofOrganizations.at(-1)?.organizationId : undefined;
}
