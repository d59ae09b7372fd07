import { goneAway } from "../connections/few-at-once";
import { RequestBuffer } from "../connections/request-buffer";
import { type Refusal, refuse } from "../domain/errors";
import type { HttpExchange } from "./exchange";

/** Returns the refusal of a body that is too large. */
export const tooLarge = (most: number): Refusal =>
  refuse.invalidFields([{ field: "request", description: `must be at most ${most} bytes` }]);

/** Bodies that are being read, and the time they have. */
export class BodyReader {
  private readonly unfinished = new Set<Reading>();

  /** `timeout` is the time in milliseconds from the headers of a request to its end. */
  constructor(private readonly timeout: number) {}

  /**
   * Reads a body of at most `most` bytes. Rejects with a Refusal if the body breaks a rule, and with an Error if the caller
   * goes away.
   */
  read(exchange: HttpExchange, most: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (exchange.closed) return reject(goneAway);
      const description = `must be complete within ${this.timeout} ms`;
      const late = () => reading.finish(refuse.invalidFields([{ field: "request", description }]));
      const timer = setTimeout(late, Math.max(0, exchange.since + this.timeout - performance.now()));
      const reading = new Reading(exchange, most, (body) => {
        clearTimeout(timer);
        this.unfinished.delete(reading);
        if (Buffer.isBuffer(body)) resolve(body);
        else reject(body);
      });
      this.unfinished.add(reading);
      exchange.once("close", () => reading.finish(goneAway));
      return exchange.receive(reading);
    });
  }

  /** Ends the reading of all bodies with a reason. Nothing has been done for these requests. */
  close(reason: Error): void {
    for (const reading of this.unfinished) reading.finish(reason);
  }
}

/** A body that is being read. */
class Reading extends RequestBuffer {
  private isOver = false;

  /** `done` gets the body, or the error, and is called once. */
  constructor(
    exchange: HttpExchange,
    private readonly most: number,
    private readonly done: (body: unknown) => void,
  ) {
    super(exchange);
  }

  data(chunk: Buffer): void {
    if (this.isOver) return;
    if (this.length + chunk.length > this.most) this.finish(tooLarge(this.most));
    else this.append(chunk);
  }

  end(): void {
    this.finish(this.content());
  }

  finish(outcome: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.forget();
    this.done(outcome);
  }
}
