import { type ServiceError, status as codes } from "@grpc/grpc-js";
import { ReceivedCall, cancelled } from "../api/received-call";
import { authenticate, count } from "../calls/pipeline";
import type { Refusal } from "../domain/errors";
import { limits } from "../domain/limits";
import type { Exchange } from "./exchange";
import type { RequestReader } from "./request-reader";
import { errorOf, internalError } from "./status";

/** A call over gRPC, from its headers to its status. */
export abstract class GrpcCall extends ReceivedCall<Exchange> {
  /** Identifies the caller, counts the call, and reads the request; then grpc-js goes on. */
  async arrive(reader: RequestReader, proceed: () => void): Promise<void> {
    const { exchange, pipeline } = this;
    try {
      const identified = authenticate(pipeline, this);
      // bytes that the peer sends meanwhile are counted only while they are read
      const reading = identified && reader.read(exchange, limits.requestBytes);
      reading?.catch(() => undefined);
      if (identified) await identified;
      const counted = count(pipeline, this);
      if (counted) await counted;
      exchange.connection.trusted = true;
      await (reading ?? reader.read(exchange, limits.requestBytes));
    } catch (error) {
      return this.failInTurn(error);
    }
    if (this.isCancelled) return this.end("CANCELLED");
    proceed();
  }

  protected sendRefusal(refusal: Refusal): void {
    this.sendError(errorOf(refusal, this.requestId));
  }

  protected sendInternalError(): void {
    this.sendError(internalError(this.requestId));
  }

  protected sendCancelled(): void {
    this.sendError({ code: codes.CANCELLED, details: cancelled.message });
  }

  protected sendError(error: Partial<ServiceError>): void {
    this.exchange.refuse(error);
  }
}
