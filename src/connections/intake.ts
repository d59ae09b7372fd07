import { FairTurns } from "../event-loop/fair-turns";
import { ControlFrames, type FrameSource } from "./control-frames";
import { type ReadingSource, ReadingTurns } from "./reading-turns";

/** Bytes that a name or a value of a header takes in addition to its text, measured. */
const headerCost = 128;

/** A connection whose requests have to wait for their turn. */
interface Source extends ReadingSource, FrameSource {
  /** Whether frames without data may come: those of HTTP/2. */
  readonly hasFrames: boolean;
  received(bytes: number): void;
  close(reason: "frames"): void;
}

/** A request at its headers. */
interface Arrival {
  readonly closed: boolean;
  keep(bytes: number): void;
  once(event: "close", listener: () => void): void;
}

/**
 * Decides when connections are read, and when their requests begin. All listeners share one, so that a flood on one of them
 * delays the calls of another one no more than its own.
 */
export class Intake<Connection extends Source> {
  private readonly turns = new FairTurns<Connection>();
  private readonly reading = new ReadingTurns<Connection>();
  private readonly controlFrames = new ControlFrames<Connection>(
    (connection) => this.reading.wait(connection),
    (connection) => connection.close("frames"),
  );

  /** Stops reading from a new connection until its first turn. */
  add(connection: Connection): void {
    this.reading.wait(connection);
  }

  /** Counts a request at its headers, a list of alternating names and values. Begins it at once, or when its turn comes. */
  receive(connection: Connection, arrival: Arrival, rawHeaders: readonly string[], begin: () => void): void {
    this.reading.count(connection);
    const weight = weightOf(rawHeaders);
    arrival.keep(weight);
    connection.received(weight);
    if (connection.hasFrames) this.controlFrames.watch(connection);
    const beginIfOpen = () => {
      if (!arrival.closed) begin();
    };
    if (this.turns.do(connection, beginIfOpen)) arrival.once("close", () => this.turns.forget(connection, beginIfOpen));
  }
}

/** Returns the bytes that headers take. */
function weightOf(rawHeaders: readonly string[]): number {
  let weight = headerCost * rawHeaders.length;
  for (const text of rawHeaders) weight += text.length;
  return weight;
}
