import { createHash } from "node:crypto";
import { callerOf } from "../application/request/idempotency";
import { type CallPipeline, perform } from "../calls/pipeline";
import type { Rpc } from "../calls/rpc";
import { type Refusal, refuse } from "../domain/errors";
import type { EnvironmentId } from "../domain/values";
import type { HttpExchange } from "../http/exchange";
import { RequestCall } from "../http/request-call";
import { answerTo } from "./codes";
import { Input } from "./endpoint";
import { jsonHeaders, sendError } from "./send-error";
import type { WorkosIds } from "./ids";
import { readQuery } from "./parse";
import { readJson } from "./read-json";
import type { Route } from "./routes";
import { toJson } from "./served-endpoint";

export interface WorkosCallOptions {
  readonly pipeline: CallPipeline;
  /** The environment for callers of several ones. */
  readonly environment: string | undefined;
  readonly ids: () => Promise<WorkosIds>;
}

/** A call of the REST API, on the same way as the calls of every other transport. */
export class WorkosCall extends RequestCall {
  constructor(
    private readonly route: Route,
    private readonly options: WorkosCallOptions,
    exchange: HttpExchange,
    override readonly rpc: Rpc = route.endpoint.rpc,
  ) {
    super(rpc, route.endpoint.method, options.pipeline, exchange);
  }

  protected async respond(body: Buffer): Promise<void> {
    try {
      this.request = await this.parse(body);
      const response = await perform(this.pipeline, this, this.request);
      const { status } = this.route.endpoint;
      if (status === 204) this.exchange.send(status, {}, new Uint8Array());
      else this.exchange.send(status, jsonHeaders, toJson(response as object));
    } catch (error) {
      return this.fail(error);
    }
    this.end("OK");
  }

  private async parse(body: Buffer): Promise<object> {
    const { endpoint, path } = this.route;
    const hasBody = endpoint.verb !== "GET" && body.length > 0;
    if (hasBody) this.checkContentType();
    const input = new Input({
      environmentId: this.environmentId(),
      ids: await this.options.ids(),
      path,
      query: readQuery(this.exchange.request.url ?? ""),
      body: hasBody ? readJson(body) : {},
      requestId: this.idempotentRequestId(),
    });
    return endpoint.read(input);
  }

  private checkContentType(): void {
    const type = this.header("content-type") ?? "";
    const encoding = this.header("content-encoding") ?? "identity";
    if (/^application\/json\s*(?:;|$)/i.test(type) && encoding === "identity") return;
    throw refuse.invalidFields([{ field: "request", description: "must be application/json, not compressed" }]);
  }

  /** Returns the only environment of the caller, or the configured one. */
  private environmentId(): EnvironmentId {
    const { environments } = callerOf(this);
    const [only, ...others] = environments === "*" ? [] : environments;
    const chosen = only !== undefined && !others.length ? only : this.options.environment;
    if (chosen === undefined) throw refuse.scopeInsufficient("environment_choice");
    return chosen as EnvironmentId; // its rule is checked by the use case
  }

  /** Returns a request id for the `Idempotency-Key`, which is of use for one caller, method and path. */
  private idempotentRequestId(): string | undefined {
    const key = this.header("idempotency-key");
    if (!key || this.rpc.action === "read") return undefined;
    const parts = [callerOf(this).name, this.route.endpoint.verb, this.exchange.path, key];
    const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
    return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
  }

  protected sendRefusal(refusal: Refusal): void {
    const { endpoint, path } = this.route;
    sendError(this.exchange, refusal, endpoint.answers[refusal.reason] ?? answerTo(refusal), path["membership"]);
  }

  protected sendInternalError(): void {
    const body = { message: `Internal error; request id ${this.requestId}`, code: "internal_error" };
    this.exchange.send(500, jsonHeaders, toJson(body));
  }
}
