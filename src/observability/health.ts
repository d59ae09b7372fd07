import { readFileSync } from "node:fs";
import { Client, type ChannelCredentials, credentials } from "@grpc/grpc-js";
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
  HealthService,
} from "../../gen/grpc/health/v1/health";
import { Fault } from "../domain/fault";
import { describeFileFault, escapeUnseen } from "../display/shown-text";

export interface HealthOptions {
  /** HOST:PORT. 0.0.0.0 and [::] mean this machine. */
  readonly address: string;
  /**
   * `verified` requires a certificate of an authority that Node trusts, or of the authority in `authorityFile`.
   * `unverified` accepts any certificate.
   */
  readonly tls: "off" | "verified" | "unverified";
  /** The path of a PEM file. */
  readonly authorityFile?: string | undefined;
  /** The name that the certificate must have, if it differs from the address. */
  readonly serverName?: string | undefined;
  /** A service such as `orgroles.v1.RoleService`; empty means all services. */
  readonly service: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Queries a server by the gRPC health protocol. Returns `SERVING`, `NOT_SERVING` or why the query failed. */
export async function queryHealth(options: HealthOptions): Promise<string> {
  const { check } = HealthService;
  const address = options.address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  const name = options.serverName ?? (options.tls === "unverified" ? "localhost" : undefined); // TLS does not allow an IP address as a name
  const client = new Client(address, channelOf(options), {
    ...(name && { "grpc.ssl_target_name_override": name, "grpc.default_authority": name }),
  });
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

function channelOf({ tls, authorityFile }: HealthOptions): ChannelCredentials {
  if (tls === "off") return credentials.createInsecure();
  const authority = authorityFile === undefined ? null : readAuthority(authorityFile);
  return credentials.createSsl(authority, null, null, { rejectUnauthorized: tls === "verified" });
}

function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Fault(`--ca-file: ${describeFileFault(file, error)}`);
  }
}
