import type { ServiceError } from "@grpc/grpc-js";
import { performance } from "node:perf_hooks";
import { refuse } from "../domain/errors";
import type { Exchange } from "./exchange";
import { goneAway } from "../connections/few-at-once";
import { FrameCount } from "../connections/frame-count";
import { inflate } from "../connections/inflate";
import { RequestBuffer } from "../connections/request-buffer";
import type { Receiver } from "./receiver";

/** The bytes in front of a message: one that tells whether it is compressed, and four for its length. */
const prefix = 5;

const invalidRequest = (description: string) => refuse.invalidFields([{ field: "request", description }]);

/**
 * Reads whole requests before grpc-js. A reader copies the frames of a request into one buffer, inflates only complete
 * requests, and limits size, time and number of frames. grpc-js would keep a Buffer for each frame, and inflate requests
 * that may never be complete.
 */
export class RequestReader {
  private readonly unfinished = new Set<Reading>();
  private timer: NodeJS.Timeout | undefined;

  /** `timeout` is the time in milliseconds from the headers of a request to its end. */
  constructor(private readonly timeout: number) {}

  /**
   * Reads a request of at most `most` bytes, inflated, into its exchange. Rejects with a Refusal if the request breaks a
   * rule, and with an Error if the caller goes away.
   */
  async read(exchange: Exchange, most: number): Promise<void> {
    const request = await this.receive(exchange, most + prefix);
    exchange.complete(request[0] === 1 ? await inflated(exchange, request, most) : request);
  }

  /** Ends the exchanges whose request is incomplete. Nothing has been done for these requests. */
  close(status: Partial<ServiceError>): void {
    for (const reading of this.unfinished) {
      reading.exchange.refuse(status);
      reading.close();
    }
  }

  private receive(exchange: Exchange, most: number): Promise<Buffer> {
    this.timer ??= setInterval(() => this.endLate(), 250).unref();
    return new Promise((resolve, reject) => {
      const reading = new Reading(exchange, most, (request) => {
        this.unfinished.delete(reading);
        if (Buffer.isBuffer(request)) resolve(request);
        else reject(request);
      });
      this.unfinished.add(reading);
      exchange.receive(reading);
    });
  }

  private endLate(): void {
    const latest = performance.now() - this.timeout;
    for (const reading of this.unfinished) {
      if (reading.exchange.since > latest) return;
      reading.fail(invalidRequest(`must be complete within ${this.timeout} ms`));
    }
    if (this.unfinished.size) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** A request that is being read. Every call has one: an object costs less than a closure for each event. */
class Reading extends RequestBuffer implements Receiver {
  private readonly frames = new FrameCount();
  private isOver = false;

  /** `done` gets the request, or the error, and is called once. */
  constructor(
    readonly exchange: Exchange,
    private readonly most: number,
    private readonly done: (request: unknown) => void,
  ) {
    super(exchange);
  }

  data(frame: Buffer): void {
    if (!this.frames.add(frame)) this.exchange.connection.close("frames");
    else if (this.length + frame.length > this.most)
      this.fail(invalidRequest(`must be at most ${this.most - prefix} bytes`));
    else if (!this.isOver) this.append(frame);
  }

  end(): void {
    const request = this.content();
    const isWhole = request.length >= prefix && request.length === prefix + request.readUInt32BE(1);
    if (isWhole || !request.length) this.finish(request);
    else this.fail(invalidRequest("must be one message, framed as gRPC does"));
  }

  close(): void {
    this.finish(goneAway);
  }

  fail(reason: unknown): void {
    this.forget();
    this.finish(reason);
  }

  private finish(request: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.done(request);
  }
}

/** Returns the request as if it had not been compressed. A request with an unknown encoding is left to grpc-js to reject. */
async function inflated(exchange: Exchange, request: Buffer, most: number): Promise<Buffer> {
  const encoding = exchange.headers["grpc-encoding"];
  if (encoding !== "gzip" && encoding !== "deflate") return request;
  const message = await inflate(exchange, encoding, request.subarray(prefix), most);
  exchange.keep(message.length);
  const header = Buffer.alloc(prefix);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
