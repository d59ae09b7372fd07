import type { sendUnaryData } from "@grpc/grpc-js";
import type { Method } from "../api/service";
import { type CallPipeline, perform } from "../calls/pipeline";
import type { Rpc } from "../calls/rpc";
import type { Exchange } from "./exchange";
import { GrpcCall } from "./grpc-call";

/** A call over gRPC with one response. */
export class UnaryCall extends GrpcCall {
  constructor(
    override readonly rpc: Rpc,
    method: Method,
    pipeline: CallPipeline,
    exchange: Exchange,
  ) {
    super(rpc, method, pipeline, exchange);
  }

  /** Decodes a complete request, has it performed, and sends the response or the error. */
  async respond(bytes: Buffer, send: sendUnaryData<unknown>): Promise<void> {
    let response: unknown;
    try {
      response = await perform(this.pipeline, this, await this.decodeRequest(bytes));
    } catch (error) {
      return this.fail(error);
    }
    send(null, response);
    this.end("OK");
  }
}
