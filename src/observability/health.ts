import { Client } from "@grpc/grpc-js";
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
  HealthService,
} from "../../gen/grpc/health/v1/health";
import { type Target, channelTo } from "../client/channel";
import { escapeUnseen } from "../display/shown-text";

export interface HealthOptions extends Target {
  /** A service such as `orgroles.v1.RoleService`; empty means all services. */
  readonly service: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Queries a server by the gRPC health protocol. Returns `SERVING`, `NOT_SERVING` or why the query failed. */
export async function queryHealth(options: HealthOptions): Promise<string> {
  const { check } = HealthService;
  const client = new Client(...channelTo(options));
  try {
    const { status } = await new Promise<HealthCheckResponse>((resolve, reject) => {
      client.makeUnaryRequest(
        check.path,
        check.requestSerialize,
        check.responseDeserialize,
        { service: options.service },
        { deadline: Date.now() + options.timeout },
        (error, response) => (response ? resolve(response) : reject(error ?? new Error("no response"))),
      );
    });
    return Serving[status] ?? String(status);
  } catch (error) {
    return escapeUnseen((error as Error).message);
  } finally {
    client.close();
  }
}
