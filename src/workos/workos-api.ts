import type { UseCases } from "../application/use-cases";
import { queueFull } from "../calls/admission";
import type { HttpExchange } from "../http/exchange";
import type { BodyReader } from "../http/read-body";
import type { PathServer } from "../http/router";
import { assignmentEndpoints } from "./assignment-endpoints";
import { answerTo } from "./codes";
import type { Endpoint } from "./endpoint";
import { errorBody } from "./error-body";
import { eventEndpoints } from "./event-endpoints";
import { membershipEndpoints } from "./membership-endpoints";
import { notServed } from "./not-served";
import { organizationEndpoints } from "./organization-endpoints";
import { permissionEndpoints } from "./permission-endpoints";
import { roleEndpoints } from "./role-endpoints";
import { Routes } from "./routes";
import { WorkosCall, type WorkosCallOptions } from "./workos-call";

export interface WorkosApiOptions extends WorkosCallOptions {
  readonly useCases: UseCases;
}

const json = { "content-type": "application/json; charset=utf-8" };

const owned = /^\/(?:authorization|user_management|organizations|events)(?:\/|$)/;

export const workosEndpoints = (useCases: UseCases): readonly Endpoint[] => [
  ...roleEndpoints(useCases.roles),
  ...permissionEndpoints(useCases.permissions),
  ...membershipEndpoints(useCases.memberships),
  ...assignmentEndpoints(useCases),
  ...organizationEndpoints(useCases.environments),
  ...eventEndpoints(useCases.events),
];

/** Serves the part of WorkOS's REST API that is about roles, so that its clients work with this service as they are. */
export class WorkosApi implements PathServer {
  private readonly routes: Routes;

  constructor(private readonly options: WorkosApiOptions) {
    this.routes = new Routes(workosEndpoints(options.useCases));
  }

  owns(path: string): boolean {
    return owned.test(path);
  }

  serve(exchange: HttpExchange, reader: BodyReader): void {
    const route = this.routes.find(exchange.request.method, exchange.path);
    const { pipeline } = this.options;
    if (!route) return this.send(exchange, notServed(`${exchange.request.method} ${exchange.path.slice(0, 256)}`));
    if (pipeline.admission.full(exchange.connection)) return this.shed(exchange, route.endpoint);
    return void new WorkosCall(route, this.options, exchange).run(reader);
  }

  /** Refuses a call at the pace of refusals, before anything of it is read. */
  private shed(exchange: HttpExchange, { name }: Endpoint): void {
    const { refusals } = this.options.pipeline.admission;
    const refusal = () => this.send(exchange, queueFull, { ...json, "retry-after": "1" });
    this.options.pipeline.onLoadShed(`/workos/${name}`);
    exchange.once("close", () => refusals.cancel(refusal));
    refusals.run(refusal);
  }

  private send(exchange: HttpExchange, refusal: typeof queueFull, headers: Readonly<Record<string, string>> = json) {
    const answer = answerTo(refusal);
    exchange.send(answer.status, headers, Buffer.from(JSON.stringify(errorBody(refusal, answer, undefined))));
  }
}
