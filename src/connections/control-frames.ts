/** Milliseconds between two looks at the connections with open streams. */
const interval = 10;

/** Bytes of frames without data that a connection may be ahead by. A client sends 13 of them for kilobytes of a response. */
const allowance = 64 * 1024;

/** Bytes between two looks that no client sends, even if the server has not read for seconds. */
const flood = 512 * 1024;

/** Bytes of a response for which a connection may send one byte of frames without data. */
const bytesPerControlByte = 8;

/** The bytes that a connection has received and sent since it was opened. */
export interface Traffic {
  /** All bytes, as the operating system delivered them. */
  readonly read: number;
  /** The bytes of requests among them: headers and data. */
  readonly requests: number;
  readonly written: number;
}

/** A connection whose frames are compared with its requests and responses. */
export interface FrameSource {
  /** Absent after the connection is closed. */
  readonly traffic: Traffic | undefined;
  readonly hasOpenStreams: boolean;
}

interface Pace {
  traffic: Traffic;
  /** Bytes by which the connection is ahead of what clients send. */
  excess: number;
}

/**
 * Finds connections that send more frames without data than clients do. Node reports none of these frames, but a window
 * update of one byte has it send a frame for that byte. Therefore the bytes that a connection receives while streams are
 * open are compared with those of its requests and responses. `onExcess` gets a source that sends more, and `onFlood` one
 * that sends far more.
 */
export class ControlFrames<Source extends FrameSource> {
  private readonly watched = new Map<Source, Pace>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly onExcess: (source: Source) => void,
    private readonly onFlood: (source: Source) => void,
  ) {}

  /** Watches a source until it has no open stream. */
  watch(source: Source): void {
    if (this.watched.has(source)) return;
    const { traffic } = source;
    if (!traffic) return;
    this.watched.set(source, { traffic, excess: 0 });
    this.timer ??= setInterval(() => this.look(), interval).unref();
  }

  private look(): void {
    for (const [source, pace] of this.watched) {
      const { traffic, hasOpenStreams } = source;
      if (!traffic || !hasOpenStreams) {
        this.watched.delete(source);
        continue;
      }
      const more = controlBytes(pace.traffic, traffic);
      pace.excess = Math.max(0, pace.excess + more);
      pace.traffic = traffic;
      if (pace.excess <= allowance) continue;
      pace.excess = allowance;
      if (more > flood) this.onFlood(source);
      else this.onExcess(source);
    }
    if (this.watched.size) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** Returns the bytes of frames without data between two looks, less those that clients need for what was sent. */
function controlBytes(before: Traffic, after: Traffic): number {
  const requests = after.requests - before.requests;
  return after.read - before.read - requests - (after.written - before.written) / bytesPerControlByte;
}
