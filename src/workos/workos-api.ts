import type { UseCases } from "../application/use-cases";
import { queueFull } from "../calls/admission";
import { shed } from "../calls/pipeline";
import type { Refusal } from "../domain/errors";
import type { HttpExchange } from "../http/exchange";
import type { BodyReader } from "../http/read-body";
import type { PathServer } from "../http/router";
import { assignmentEndpoints } from "./assignment-endpoints";
import { answerTo } from "./codes";
import type { Endpoint } from "./endpoint";
import { eventEndpoints } from "./event-endpoints";
import { membershipEndpoints } from "./membership-endpoints";
import { notServed } from "./not-served";
import { organizationEndpoints } from "./organization-endpoints";
import { permissionEndpoints } from "./permission-endpoints";
import { roleEndpoints } from "./role-endpoints";
import { Routes } from "./routes";
import { sendError } from "./send-error";
import { serveEndpoint } from "./served-endpoint";
import { WorkosCall, type WorkosCallOptions } from "./workos-call";

export interface WorkosApiOptions extends WorkosCallOptions {
  readonly useCases: UseCases;
}

const owned = /^\/(?:authorization|user_management|organizations|events)(?:\/|$)/;

const workosEndpoints = (useCases: UseCases): readonly Endpoint[] => [
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
    this.routes = new Routes(workosEndpoints(options.useCases).map((endpoint) => serveEndpoint(endpoint, options.ids)));
  }

  owns(path: string): boolean {
    return owned.test(path);
  }

  serve(exchange: HttpExchange, reader: BodyReader): void {
    const route = this.routes.find(exchange.request.method, exchange.path);
    const { pipeline } = this.options;
    if (!route) return refuseWith(exchange, notServed(`${exchange.request.method} ${exchange.path.slice(0, 256)}`));
    if (pipeline.admission.full(exchange.connection))
      return shed(pipeline, exchange, route.endpoint.rpc.path, () => refuseWith(exchange, queueFull));
    return void new WorkosCall(route, this.options, exchange).run(reader);
  }
}

const refuseWith = (exchange: HttpExchange, refusal: Refusal) => sendError(exchange, refusal, answerTo(refusal));
