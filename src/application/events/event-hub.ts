import { Refusal } from "../../domain/errors";
import type { EnvironmentUid } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { UnitOfWork } from "../ports/unit-of-work";
import { type EventLog, type OpenSequence, type SequencedEvent, isDeletion } from "./event-log";

/** Milliseconds between two looks for what other processes wrote. */
const pollInterval = 50;

/** Events that one look loads. */
const chunk = 200;

/** Looks in a row that fail before the watches end: a database that lost one statement is not away. */
const mostFailures = 3;

/** The newest events of one environment, for all who watch it. */
interface WatchedEnvironment {
  readonly sequence: OpenSequence;
  /** Events after `start` and up to `position`, in their order. */
  recent: SequencedEvent[];
  bytes: number;
  start: number;
  position: number;
  end: number;
  watchers: number;
  readonly listeners: Set<() => void>;
  /** Looks in a row that failed. */
  failures: number;
  /** The error that ended the watches. */
  failure: unknown;
  isRefreshing: boolean;
  isStale: boolean;
}

/** The newest events of an environment, as one watch sees them. */
export interface EventTail {
  /** The position up to which the newest events are known. */
  readonly position: number;
  /** The position of the deletion of the environment, infinite while none is known. */
  readonly end: number;
  /**
   * Returns the known events after a position, undefined if older ones would be needed. Throws the error after which no
   * news can be found.
   */
  after(position: number): readonly SequencedEvent[] | undefined;
  /** Resolves when there may be more, after so many milliseconds, or when the signal is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Finds new events for all watches of this process: one statement looks at all environments that are watched here, and a
 * thousand watches of an environment share its events in memory. Changes of this process wake it at once.
 */
export class EventHub {
  private readonly environments = new Map<EnvironmentUid, WatchedEnvironment>();
  private timer: NodeJS.Timeout | undefined;
  private isPolling = false;
  private failedPolls = 0;

  constructor(
    private readonly units: UnitOfWork,
    private readonly log: EventLog,
  ) {}

  /** Follows a sequence whose events are known up to its last position. */
  follow(sequence: OpenSequence): EventTail {
    const { uid, lastPosition } = sequence;
    const watched = this.environments.get(uid) ?? this.watch(sequence, lastPosition);
    watched.watchers += 1;
    this.timer ??= setInterval(() => void this.poll(), pollInterval).unref();
    return {
      get position() {
        return watched.position;
      },
      get end() {
        return watched.end;
      },
      after: (position) => eventsAfter(watched, position),
      wait: (milliseconds, signal) => waitForNews(watched, milliseconds, signal),
      close: () => this.leave(watched),
    };
  }

  /** Looks for new events of an environment, after a change of this process. */
  wake(uid: EnvironmentUid): void {
    const watched = this.environments.get(uid);
    if (watched) void this.refresh(watched);
  }

  private watch(sequence: OpenSequence, position: number): WatchedEnvironment {
    const watched = createWatched(sequence, position);
    this.environments.set(sequence.uid, watched);
    for (const one of this.environments.values()) forgetOldest(one, this.bytesOfEach);
    return watched;
  }

  /** The bytes of events that each environment may keep, of what all may keep together. */
  private get bytesOfEach(): number {
    return Math.min(limits.recentEventBytes, limits.recentEventBytesInAll / this.environments.size);
  }

  private leave(watched: WatchedEnvironment): void {
    watched.watchers -= 1;
    const { uid } = watched.sequence;
    if (!watched.watchers && this.environments.get(uid) === watched) this.environments.delete(uid);
    if (this.environments.size) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    try {
      const all = [...this.environments.values()];
      const found = await this.units.lookup(({ sequences }) =>
        sequences.listNews(all.map(({ sequence }) => sequence.uid)),
      );
      for (const { uid, position } of found) {
        const watched = this.environments.get(uid);
        if (watched && (position === undefined || position > watched.position)) void this.refresh(watched);
      }
      this.failedPolls = 0;
    } catch (error) {
      this.failedPolls += 1;
      if (this.failedPolls < mostFailures) return;
      this.failedPolls = 0;
      for (const watched of this.environments.values()) this.fail(watched, error);
    } finally {
      this.isPolling = false;
    }
  }

  /** Numbers and loads the new events of an environment: one look is under way, and at most one waits. */
  private async refresh(watched: WatchedEnvironment): Promise<void> {
    watched.isStale = true;
    if (watched.isRefreshing) return;
    watched.isRefreshing = true;
    try {
      while (watched.isStale) {
        watched.isStale = false;
        await this.log.numbering.number(watched.sequence.uid);
        for (let count = chunk; count === chunk; ) count = await this.load(watched);
        watched.failures = 0;
      }
    } catch (error) {
      // the next look can do what conflicted
      const isConflict = error instanceof Refusal && error.reason === "CONFLICT_RETRY";
      if (!isConflict) watched.failures += 1;
      if (watched.failures >= mostFailures) this.fail(watched, error);
    } finally {
      watched.isRefreshing = false;
    }
  }

  private async load(watched: WatchedEnvironment): Promise<number> {
    const found = await this.log.readNewest(watched.sequence, watched.position, chunk);
    for (const event of found) add(watched, event);
    forgetOldest(watched, this.bytesOfEach);
    if (found.length) notify(watched);
    return found.length;
  }

  /** Ends the watches of an environment. */
  private fail(watched: WatchedEnvironment, error: unknown): void {
    const { uid } = watched.sequence;
    if (this.environments.get(uid) === watched) this.environments.delete(uid);
    watched.failure = error;
    notify(watched);
  }
}

const createWatched = (sequence: OpenSequence, position: number): WatchedEnvironment => ({
  sequence,
  recent: [],
  bytes: 0,
  start: position,
  position,
  end: Infinity,
  watchers: 0,
  listeners: new Set(),
  failures: 0,
  failure: undefined,
  isRefreshing: false,
  isStale: false,
});

function add(watched: WatchedEnvironment, event: SequencedEvent): void {
  watched.position = event.position;
  if (event.position > watched.end) return; // of an organization that was being changed meanwhile
  if (isDeletion(event)) watched.end = event.position;
  if (erasesEvents(event)) forget(watched, event.organizationId);
  watched.recent.push(event);
  watched.bytes += event.size;
}

function forgetOldest(watched: WatchedEnvironment, mostBytes: number): void {
  while (watched.recent.length > limits.recentEvents || watched.bytes > mostBytes) {
    const oldest = watched.recent.shift();
    if (!oldest) return;
    watched.bytes -= oldest.size;
    watched.start = oldest.position;
  }
}

const erasesEvents = ({ view: { change } }: SequencedEvent): boolean =>
  change.subject === "organization" && change.content.eventsErased;

function forget(watched: WatchedEnvironment, organizationId: string): void {
  watched.recent = watched.recent.filter((event) => event.organizationId !== organizationId);
  watched.bytes = watched.recent.reduce((bytes, { size }) => bytes + size, 0);
}

function notify({ listeners }: WatchedEnvironment): void {
  for (const listener of listeners) listener();
}

function eventsAfter(
  { failure, start, recent }: WatchedEnvironment,
  position: number,
): readonly SequencedEvent[] | undefined {
  if (failure) throw failure;
  if (position < start) return undefined;
  let first = recent.length;
  while (first > 0 && (recent[first - 1]?.position ?? 0) > position) first -= 1;
  return recent.slice(first);
}

function waitForNews(watched: WatchedEnvironment, milliseconds: number, signal: AbortSignal): Promise<void> {
  const { listeners } = watched;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      listeners.delete(done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    listeners.add(done);
    signal.addEventListener("abort", done);
    if (signal.aborted || watched.failure) done();
  });
}
