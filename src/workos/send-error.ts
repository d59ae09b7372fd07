import type { Refusal } from "../domain/errors";
import type { HttpExchange } from "../http/exchange";
import { retryAfterOf } from "../http/request-call";
import type { Answer } from "./codes";
import { errorBody } from "./error-body";
import { toJson } from "./served-endpoint";

export const jsonHeaders = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };

/** Sends an error. `entityId` is the id of the membership that the request named. */
export function sendError(exchange: HttpExchange, refusal: Refusal, answer: Answer, entityId?: string): void {
  exchange.send(
    answer.status,
    { ...jsonHeaders, ...retryAfterOf(refusal) },
    toJson(errorBody(refusal, answer, entityId)),
  );
}
