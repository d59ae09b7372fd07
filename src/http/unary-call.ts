import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type CallPipeline, perform } from "../calls/pipeline";
import type { Rpc } from "../calls/rpc";
import type { HttpExchange } from "./exchange";
import { HttpCall } from "./http-call";
import type { HttpMethod } from "./methods";
import type { Protocol } from "./protocols";

/** Bytes from which a response is worth compressing. */
const compressible = 1024;

const compress = promisify(gzip);

/** A call over HTTP with one response. */
export class HttpUnaryCall extends HttpCall {
  constructor(
    override readonly rpc: Rpc,
    handled: HttpMethod,
    pipeline: CallPipeline,
    exchange: HttpExchange,
    protocol: Protocol,
  ) {
    super(rpc, handled, pipeline, exchange, protocol);
  }

  protected async respond(body: Buffer): Promise<void> {
    try {
      const response = await perform(this.pipeline, this, await this.decodeBody(body));
      await this.send(await this.encode(response));
    } catch (error) {
      return this.fail(error);
    }
    this.end("OK");
  }

  private async send(message: Uint8Array): Promise<void> {
    const { protocol, exchange } = this;
    const headers = { "content-type": protocol.contentType };
    if (protocol.compressesBody && message.length >= compressible && exchange.accepts("gzip")) {
      const encoding = { "content-encoding": "gzip", vary: "accept-encoding" };
      return exchange.send(200, { ...headers, ...encoding }, await this.keeping(message, () => compress(message)));
    }
    const body = Buffer.concat([protocol.frame(message), protocol.end(this.requestId)]);
    return exchange.send(200, headers, body);
  }
}
