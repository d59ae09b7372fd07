import { readFileSync } from "node:fs";
import { type ChannelCredentials, type ClientOptions, credentials } from "@grpc/grpc-js";
import { Fault } from "../domain/fault";
import { describeFileFault } from "../display/shown-text";

/** A server, and how to reach it. */
export interface Target {
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
}

/** Returns the arguments of the constructor of a client. */
export function channelTo(target: Target): [string, ChannelCredentials, ClientOptions] {
  const address = target.address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  // TLS does not allow an IP address as a name
  const name = target.serverName ?? (target.tls === "unverified" ? "localhost" : undefined);
  const options = name ? { "grpc.ssl_target_name_override": name, "grpc.default_authority": name } : {};
  return [address, credentialsOf(target), options];
}

function credentialsOf({ tls, authorityFile }: Target): ChannelCredentials {
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
