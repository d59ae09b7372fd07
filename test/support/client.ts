import { type ChannelCredentials, type Client, Metadata, type ServiceError, credentials, status } from "@grpc/grpc-js";
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  RetryInfo,
} from "../../gen/google/rpc/error_details";
import { Status } from "../../gen/google/rpc/status";
import { AccessServiceClient, type AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { EnvironmentServiceClient, type EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import { EventServiceClient, type EventServiceService } from "../../gen/orgroles/v1/event_service";
import { MembershipServiceClient, type MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { PermissionServiceClient, type PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import { RoleServiceClient, type RoleServiceService } from "../../gen/orgroles/v1/role_service";

type Calls<Service> = {
  readonly [Rpc in keyof Service]: Service[Rpc] extends {
    requestDeserialize: (bytes: Buffer) => infer Request;
    responseDeserialize: (bytes: Buffer) => infer Response;
  }
    ? (request: Partial<Request>) => Promise<Response>
    : never;
};

/** Every RPC as a promise, of a stream of its first message. Fields that are left out have their proto3 defaults. */
export interface TestClient {
  readonly roles: Calls<typeof RoleServiceService>;
  readonly environments: Calls<typeof EnvironmentServiceService>;
  readonly permissions: Calls<typeof PermissionServiceService>;
  readonly memberships: Calls<typeof MembershipServiceService>;
  readonly access: Calls<typeof AccessServiceService>;
  readonly events: Calls<typeof EventServiceService>;
  close(): void;
}

/** How a client makes itself known. */
export interface Identity {
  /** Of the connection; absent: plain text. */
  readonly channel?: ChannelCredentials;
  /** Of every call, `authorization` for one. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const bearer = (token: string): Identity => ({ headers: { authorization: `Bearer ${token}` } });

export function connect(address: string, { channel, headers = {} }: Identity = {}): TestClient {
  const connection = channel ?? credentials.createInsecure();
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  // without a pool of its own each client would share one connection with every other
  const options = { "grpc.use_local_subchannel_pool": 1 };
  const clients = [
    new RoleServiceClient(address, connection, options),
    new EnvironmentServiceClient(address, connection, options),
    new PermissionServiceClient(address, connection, options),
    new MembershipServiceClient(address, connection, options),
    new AccessServiceClient(address, connection, options),
    new EventServiceClient(address, connection, options),
  ] as const;
  return {
    roles: promises(clients[0], RoleServiceClient.service, metadata),
    environments: promises(clients[1], EnvironmentServiceClient.service, metadata),
    permissions: promises(clients[2], PermissionServiceClient.service, metadata),
    memberships: promises(clients[3], MembershipServiceClient.service, metadata),
    access: promises(clients[4], AccessServiceClient.service, metadata),
    events: promises(clients[5], EventServiceClient.service, metadata),
    close: () => clients.forEach((client) => client.close()),
  };
}

function promises<Service extends object>(client: Client, service: Service, metadata: Metadata): Calls<Service> {
  const calls = Object.entries(service).map(([rpc, method]) => [
    rpc,
    (request: object) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize, responseStream } = method;
        const whole = { ...method.requestDeserialize(Buffer.alloc(0)), ...request };
        if (responseStream) {
          const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, whole, metadata);
          stream.on("error", reject).once("data", (message) => {
            resolve(known(message));
            stream.cancel();
          });
        } else
          client.makeUnaryRequest(path, requestSerialize, responseDeserialize, whole, metadata, (error, response) =>
            error ? reject(error) : resolve(known(response)),
          );
      }),
  ]);
  return Object.fromEntries(calls);
}

/** A message without the generated code's room for unknown fields, so that tests compare fields alone. */
function known<T>(message: T): T {
  if (Array.isArray(message)) return message.map(known) as T;
  if (typeof message !== "object" || message === null) return message;
  if (message instanceof Date || message instanceof Uint8Array) return message;
  const fields = Object.entries(message).filter(([name]) => name !== "_unknownFields");
  return Object.fromEntries(fields.map(([name, value]) => [name, known(value)])) as T;
}

/** What a client library can read from an error. */
export interface Failure {
  readonly code: string;
  readonly reason: string | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly message: string;
  readonly domain: string | undefined;
  readonly violations: { field: string; description: string }[];
  readonly preconditions: { type: string; subject: string }[];
  readonly quota: { subject: string; description: string }[];
  /** Milliseconds. */
  readonly retryDelay: number | undefined;
}

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  let error: ServiceError;
  try {
    const answer = await call;
    throw new Error(`expected a failure, got ${JSON.stringify(answer)}`);
  } catch (thrown) {
    error = thrown as ServiceError;
    if (!error.metadata) throw thrown;
  }
  return readFailure(error);
}

export function readFailure(error: ServiceError): Failure {
  const [encoded] = error.metadata.get("grpc-status-details-bin");
  const details = encoded ? Status.decode(encoded as Buffer).details : [];
  return readStatus({ code: error.code, message: error.details, details });
}

/** The same for an error inside an answer. */
export function readStatus({ code, message, details }: Pick<Status, "code" | "message" | "details">): Failure {
  const detail = <T>(name: string, type: { decode(bytes: Uint8Array): T }): T | undefined => {
    const found = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`);
    return found && type.decode(found.value);
  };
  const info = detail("ErrorInfo", ErrorInfo);
  const delay = detail("RetryInfo", RetryInfo)?.retryDelay;
  return {
    code: status[code] ?? String(code),
    reason: info?.reason,
    metadata: info?.metadata,
    domain: info?.domain,
    message,
    violations: (detail("BadRequest", BadRequest)?.fieldViolations ?? []).map(({ field, description }) => ({
      field,
      description,
    })),
    preconditions: (detail("PreconditionFailure", PreconditionFailure)?.violations ?? []).map(({ type, subject }) => ({
      type,
      subject,
    })),
    quota: (detail("QuotaFailure", QuotaFailure)?.violations ?? []).map(({ subject, description }) => ({
      subject,
      description,
    })),
    retryDelay: delay && delay.seconds * 1000 + delay.nanos / 1e6,
  };
}
