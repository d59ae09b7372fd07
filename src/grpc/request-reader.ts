import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { Semaphore } from "async-mutex";
import { refuse } from "../domain/errors";
import type { Exchange } from "./exchange";
import { FrameCount } from "./frame-count";

/** Bytes in front of a message: whether it is compressed, and its length. */
const prefix = 5;

/** Bytes that a request's buffer has at least once it has grown. */
const smallestGrowth = 4096;

/** Requests that are inflated at once. The others wait as they came. */
const inflating = new Semaphore(2);

const inflaters = { gzip: promisify(gunzip), deflate: promisify(inflate) };

const invalidRequest = (description: string) => refuse.invalidFields([{ field: "request", description }]);

/**
 * Reads requests before grpc-js gets anything of them. It copies the frames of a request into one buffer, inflates only
 * what is complete, and bounds size, time and number of frames. grpc-js keeps a Buffer for each frame and inflates what
 * may never be complete.
 */
export class RequestReader {
  private readonly unfinished = new Map<Exchange, { readonly since: number; readonly giveUp: () => void }>();
  private timer: NodeJS.Timeout | undefined;

  /** `timeout`: milliseconds from a request's headers to its end. */
  constructor(private readonly timeout: number) {}

  /**
   * Resolves when the exchange has its request, of at most so many bytes once inflated. Rejects with a Refusal where the
   * request breaks a rule, and with an Error where its caller goes away.
   */
  async read(exchange: Exchange, most: number): Promise<void> {
    const body = await this.receive(exchange, most + prefix);
    exchange.complete(body[0] === 1 ? await inflated(exchange, body, most) : body);
  }

  private receive(exchange: Exchange, most: number): Promise<Buffer> {
    const { stream } = exchange;
    const body = new Body(exchange);
    const frames = new FrameCount();
    return new Promise((resolve, reject) => {
      const giveUp = (reason: unknown) => {
        if (this.unfinished.delete(exchange)) reject(reason);
      };
      this.watch(exchange, () => giveUp(invalidRequest(`must be complete within ${this.timeout} ms`)));
      stream.on("data", (frame: Buffer) => {
        if (!frames.add(frame)) return exchange.connection.close("frames");
        if (!this.unfinished.has(exchange)) return;
        if (body.length + frame.length > most) return giveUp(invalidRequest(`must be at most ${most - prefix} bytes`));
        body.append(frame);
      });
      stream.once("end", () => {
        if (!this.unfinished.delete(exchange)) return;
        const bytes = body.bytes();
        if (!bytes.length || bytes.length === prefix + (bytes.length < prefix ? 0 : bytes.readUInt32BE(1)))
          resolve(bytes);
        else reject(invalidRequest("must be one message, framed as gRPC does"));
      });
      stream.once("close", () => giveUp(new Error("the caller has gone away")));
    });
  }

  private watch(exchange: Exchange, giveUp: () => void): void {
    this.unfinished.set(exchange, { since: performance.now(), giveUp });
    this.timer ??= setInterval(() => this.endLate(), 250).unref();
  }

  private endLate(): void {
    const latest = performance.now() - this.timeout;
    for (const { since, giveUp } of this.unfinished.values()) {
      if (since > latest) return;
      giveUp();
    }
    if (this.unfinished.size) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** What has come of a request. */
class Body {
  length = 0;
  private buffer = Buffer.alloc(0);

  constructor(private readonly exchange: Exchange) {}

  /** Copies, because a frame shares the memory of everything that its connection has sent with it. */
  append(frame: Buffer): void {
    const needed = this.length + frame.length;
    if (needed > this.buffer.length)
      this.grow(this.length ? Math.max(needed, this.length * 2, smallestGrowth) : needed);
    frame.copy(this.buffer, this.length);
    this.length = needed;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private grow(size: number): void {
    const { buffer } = this;
    this.exchange.keep(size - buffer.length);
    this.buffer = Buffer.allocUnsafe(size);
    buffer.copy(this.buffer);
  }
}

/** Returns the request as if it had not been compressed. What is compressed otherwise is left to grpc-js to refuse. */
async function inflated(exchange: Exchange, request: Buffer, most: number): Promise<Buffer> {
  const encoding = exchange.headers["grpc-encoding"];
  if (encoding !== "gzip" && encoding !== "deflate") return request;
  const message = await inflating.runExclusive(async () => {
    if (exchange.closed) throw new Error("the caller has gone away");
    try {
      return await inflaters[encoding](request.subarray(prefix), { maxOutputLength: most });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
        throw invalidRequest(`must be at most ${most} bytes`);
      throw invalidRequest(`must be compressed with ${encoding}, as grpc-encoding says`);
    }
  });
  exchange.keep(message.length);
  const header = Buffer.alloc(prefix);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
