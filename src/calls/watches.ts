import { refuse } from "../domain/errors";
import { limits } from "../domain/limits";
import type { StreamContext } from "./call-context";

const minute = 60_000;
/** The shortest and the longest time in milliseconds that a watch lasts. */
const lifetime = { least: 5 * minute, most: 9 * minute };

const stopping = "The server is stopping";

/** Ends a stream with UNAVAILABLE: the caller is to open it again. */
export class StreamEnded extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StreamEnded";
  }
}

/**
 * Limits the watches of this process and of each connection, and ends each of them: after some minutes, so that clients
 * find new processes, when its credentials expire, and when the server stops.
 */
export class Watches {
  private readonly open = new Set<StreamContext>();
  private isClosed = false;

  constructor(
    private readonly most: number,
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * Counts a watch until it is released. Returns the function that releases it. Throws WATCH_LIMIT_REACHED, and
   * StreamEnded once the server stops.
   */
  admit(call: StreamContext): () => void {
    if (this.isClosed) throw new StreamEnded(stopping);
    if (this.open.size >= this.most) throw refuse.watchLimitReached("server", this.most);
    const { watchesOfConnection } = limits;
    if (!call.countOnConnection(watchesOfConnection)) throw refuse.watchLimitReached("connection", watchesOfConnection);
    this.open.add(call);
    const timers = this.endLater(call);
    return () => {
      for (const timer of timers) clearTimeout(timer);
      this.open.delete(call);
    };
  }

  /** Returns the number of watches, and their limit. */
  load(): { readonly open: number; readonly limit: number } {
    return { open: this.open.size, limit: this.most };
  }

  /** Ends all watches, because the server stops. */
  close(): void {
    this.isClosed = true;
    for (const call of this.open) call.abort(new StreamEnded(stopping));
  }

  private endLater(call: StreamContext): NodeJS.Timeout[] {
    const rest = lifetime.least + this.random() * (lifetime.most - lifetime.least);
    const ended = new StreamEnded("The watch has lasted for some minutes. Resume it.");
    const timers = [setTimeout(() => call.abort(ended), rest)];
    const expiry = (call.caller?.expireTime ?? Infinity) - Date.now();
    if (expiry < rest) timers.push(setTimeout(() => call.abort(refuse.credentialsInvalid()), Math.max(0, expiry)));
    return timers;
  }
}
