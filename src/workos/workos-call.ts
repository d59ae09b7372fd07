import { createHash } from "node:crypto";
import { ReceivedCall } from "../api/received-call";
import type { Method } from "../api/service";
import { callerOf } from "../application/request/idempotency";
import { type CallPipeline, authenticate, count, perform } from "../calls/pipeline";
import type { Rpc } from "../calls/rpc";
import { type Refusal, refuse } from "../domain/errors";
import { limits } from "../domain/limits";
import type { EnvironmentId } from "../domain/values";
import type { HttpExchange } from "../http/exchange";
import type { BodyReader } from "../http/read-body";
import { answerTo } from "./codes";
import { type Endpoint, Input } from "./endpoint";
import { errorBody } from "./error-body";
import type { WorkosIds } from "./ids";
import { readQuery } from "./parse";
import { readJson } from "./read-json";
import type { Route } from "./routes";

export interface WorkosCallOptions {
  readonly pipeline: CallPipeline;
  /** The environment for callers of several ones. */
  readonly environment: string | undefined;
  readonly ids: () => Promise<WorkosIds>;
}

const json = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };

/** The endpoint as the steps of a call see it. Its requests have no protobuf: their fingerprints are of their JSON. */
const methodOf = ({ name }: Endpoint): Method => ({
  path: `/workos/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: (request: object) => Buffer.from(JSON.stringify(request)),
  requestDeserialize: (bytes) => JSON.parse(bytes.toString()),
  responseSerialize: (response: object) => Buffer.from(JSON.stringify(response)),
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()),
});

/** A call of the REST API, on the same way as the calls of every other transport. */
export class WorkosCall extends ReceivedCall<HttpExchange> {
  declare readonly rpc: Rpc;

  constructor(
    private readonly route: Route,
    private readonly options: WorkosCallOptions,
    exchange: HttpExchange,
  ) {
    const { endpoint } = route;
    const { action, reach } = endpoint;
    const method = methodOf(endpoint);
    const handle: Rpc["handle"] = async (request, call) => endpoint.handle(request, call, await options.ids());
    const rpc: Rpc = { path: method.path, action, reach, isStream: false, handle };
    super(rpc, method, options.pipeline, exchange);
  }

  /** Identifies the caller, counts the call, reads and parses the request, has it performed, and responds. */
  async run(reader: BodyReader): Promise<void> {
    const { exchange, pipeline } = this;
    let body: Buffer;
    try {
      const identified = authenticate(pipeline, this);
      if (identified) await identified;
      const counted = count(pipeline, this);
      if (counted) await counted;
      exchange.connection.trusted = true;
      body = await reader.read(exchange, limits.requestBytes);
    } catch (error) {
      return this.failInTurn(error);
    }
    if (this.isCancelled) return this.end("CANCELLED");
    return this.respond(body);
  }

  private async respond(body: Buffer): Promise<void> {
    try {
      this.request = await this.parse(body);
      const response = await perform(this.pipeline, this, this.request);
      const { status } = this.route.endpoint;
      if (status === 204) this.exchange.send(status, {}, new Uint8Array());
      else this.exchange.send(status, json, Buffer.from(JSON.stringify(response)));
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
    const { exchange, route } = this;
    const answer = route.endpoint.answers[refusal.reason] ?? answerTo(refusal);
    const { retryAfter } = refusal.details;
    const headers = retryAfter === undefined ? json : { ...json, "retry-after": String(Math.ceil(retryAfter / 1000)) };
    const body = errorBody(refusal, answer, route.path["membership"]);
    exchange.send(answer.status, headers, Buffer.from(JSON.stringify(body)));
  }

  protected sendInternalError(): void {
    const body = { message: `Internal error; request id ${this.requestId}`, code: "internal_error" };
    this.exchange.send(500, json, Buffer.from(JSON.stringify(body)));
  }

  /** Sends nothing: the caller has gone. */
  protected sendCancelled(): void {}
}
