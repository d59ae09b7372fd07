import { ReceivedCall } from "../api/received-call";
import { authenticate, count } from "../calls/pipeline";
import type { Refusal } from "../domain/errors";
import { limits } from "../domain/limits";
import type { Headers, HttpExchange } from "./exchange";
import { type BodyReader, tooLarge } from "./read-body";

/** A call over HTTP whose request is a body, in whatever form, from its headers to its status. */
export abstract class RequestCall extends ReceivedCall<HttpExchange> {
  /** Identifies the caller, counts the call, reads the body, and responds. */
  async run(reader: BodyReader): Promise<void> {
    const { exchange, pipeline } = this;
    let body: Buffer;
    try {
      this.begin();
      const identified = authenticate(pipeline, this);
      if (identified) await identified;
      const counted = count(pipeline, this);
      if (counted) await counted;
      exchange.connection.trusted = true;
      body = await this.read(reader);
    } catch (error) {
      return this.failInTurn(error);
    }
    if (this.isCancelled) return this.end("CANCELLED");
    return this.respond(body);
  }

  /** Decodes a complete body, has the request performed, and sends the response or the error. */
  protected abstract respond(body: Buffer): Promise<void>;

  /** Looks at the headers. Throws a Refusal if they break a rule. */
  protected begin(): void {}

  /** The bytes that a body may have. */
  protected get mostBytes(): number {
    return limits.requestBytes;
  }

  /** Sends nothing: the caller has gone, or has been told that its time has passed. */
  protected sendCancelled(): void {}

  private async read(reader: BodyReader): Promise<Buffer> {
    if (Number(this.header("content-length") ?? 0) > this.mostBytes) throw tooLarge(limits.requestBytes);
    return reader.read(this.exchange, this.mostBytes);
  }
}

/** Returns the header that says when a repetition may succeed, if the refusal does. */
export const retryAfterOf = ({ details: { retryAfter } }: Refusal): Headers =>
  retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter / 1000)) };
