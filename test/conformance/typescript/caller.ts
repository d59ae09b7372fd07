import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import * as errorDetails from "./gen/google/rpc/error_details";
import { Status } from "./gen/google/rpc/status";
import * as access from "./gen/orgroles/v1/access_service";
import * as environments from "./gen/orgroles/v1/environment_service";
import * as events from "./gen/orgroles/v1/event_service";
import * as memberships from "./gen/orgroles/v1/membership_service";
import * as permissions from "./gen/orgroles/v1/permission_service";
import * as roles from "./gen/orgroles/v1/role_service";
import type { Calls } from "./conversation";
import type { Json, Outcome } from "./json";

interface JsonType {
  fromJSON(object: unknown): object;
  toJSON(message: object): unknown;
}

const modules: Record<string, object> = {
  AccessService: access,
  EnvironmentService: environments,
  EventService: events,
  MembershipService: memberships,
  PermissionService: permissions,
  RoleService: roles,
};

/** A call is made so often whose connection breaks amid the answer, when gRPC itself never retries. */
const attempts = 6;

/** Calls by name, with requests and answers as JSON in the names of the proto files. */
export class Caller implements Calls {
  private readonly client: Client;

  constructor(
    address: string,
    credentials: ChannelCredentials,
    private readonly options: ChannelOptions,
  ) {
    this.client = new Client(address, credentials, options);
  }

  close(): void {
    this.client.close();
  }

  async call(name: string, request: Json, token: string | undefined): Promise<Outcome> {
    const { method, requestType, responseType } = find(name);
    const metadata = new Metadata({ waitForReady: true }); // which grpc-js does not read from the service config
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    const message = requestType.fromJSON(camelCased(request));
    if ("updateMask" in message && Array.isArray(message.updateMask))
      message.updateMask = message.updateMask.map((path: string) => snake(path));
    const once = () =>
      new Promise<ServiceError | object>((resolve) => {
        const { path, requestSerialize, responseDeserialize } = method;
        if (method.responseStream) {
          const stream = this.client.makeServerStreamRequest(
            path,
            requestSerialize,
            responseDeserialize,
            message,
            metadata,
          );
          // the first message is the answer, and what comes after it is the error of this cancellation
          stream.on("error", (error: ServiceError) => resolve(error));
          stream.once("data", (answer: object) => {
            resolve(answer);
            stream.cancel();
          });
          return;
        }
        const onEnd = (error: ServiceError | null, answer: object = {}) => resolve(error ?? answer);
        this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, onEnd);
      });
    let outcome = await once();
    for (let made = 1; this.options["grpc.enable_retries"] && isCutOff(outcome) && made < attempts; made += 1)
      outcome = await once();
    return outcome instanceof Error
      ? { error: readError(outcome) }
      : { answer: snakeCased(responseType.toJSON(outcome)) };
  }

  /** Whether requests of this call have a request id. */
  takesRequestId(name: string): boolean {
    return "requestId" in find(name).requestType.fromJSON({ requestId: "" });
  }
}

function find(name: string) {
  const [service = "", rpc = ""] = name.split("/");
  const module = modules[service] as Record<string, unknown> | undefined;
  const definition = module?.[`${service}Service`] as Record<string, MethodDefinition<object, object>> | undefined;
  const method = definition?.[rpc.charAt(0).toLowerCase() + rpc.slice(1)];
  if (!module || !method) throw new Error(`there is no call ${name}`);
  return {
    method,
    requestType: module[`${rpc}Request`] as JsonType,
    responseType: module[`${rpc}Response`] as JsonType,
  };
}

function isCutOff(outcome: ServiceError | object): boolean {
  if (!("metadata" in outcome && outcome instanceof Error)) return false;
  return outcome.code === status.UNAVAILABLE && !outcome.metadata.get("grpc-status-details-bin").length;
}

function readError(error: ServiceError): Json {
  const [encoded] = error.metadata.get("grpc-status-details-bin");
  const details = encoded ? Status.decode(encoded as Buffer).details : [];
  const detail = <T>(name: string, type: { decode(bytes: Uint8Array): T }): T | undefined => {
    const found = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`);
    return found && type.decode(found.value);
  };
  const info = detail("ErrorInfo", errorDetails.ErrorInfo);
  const preconditions = detail("PreconditionFailure", errorDetails.PreconditionFailure)?.violations ?? [];
  return {
    code: status[error.code] ?? String(error.code),
    message: error.details,
    domain: info?.domain ?? "",
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    fields: (detail("BadRequest", errorDetails.BadRequest)?.fieldViolations ?? []).map(({ field }) => field),
    preconditions: preconditions.map(({ subject }) => subject),
    quotas: (detail("QuotaFailure", errorDetails.QuotaFailure)?.violations ?? []).map(({ subject }) => subject),
    retry: detail("RetryInfo", errorDetails.RetryInfo) !== undefined,
  };
}

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const camelCased = (value: Json) => renamed(value, camel);
const snakeCased = (value: unknown) => renamed(JSON.parse(JSON.stringify(value)) as Json, snake);

function renamed(value: Json, rename: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [rename(name), renamed(field, rename)]));
}
