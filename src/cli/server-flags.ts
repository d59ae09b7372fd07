import type { Command } from "commander";
import type { Target } from "../client/channel";
import { ownConfig } from "./load";

export interface ServerFlags {
  readonly address?: string;
  readonly tls?: boolean;
  readonly caFile?: string;
  readonly serverName?: string;
}

/** Adds the options of a command that talks to a server. */
export const addServerOptions = (command: Command): Command =>
  command
    .option("--address <host:port>", "the server to query (default: the server of this configuration, on this machine)")
    .option("--tls", "use TLS")
    .option("--ca-file <file>", "PEM file with the authority of the server certificate; implies --tls")
    .option("--server-name <name>", "the name in the server certificate, if it differs from the address");

/** Returns the server that the options name, else that of the configuration of this process. */
export function targetOf({ address, tls, caFile, serverName }: ServerFlags): Target {
  const rest = { authorityFile: caFile, serverName };
  if (address !== undefined) return { ...rest, address, tls: tls || caFile ? "verified" : "off" };
  const config = ownConfig();
  // the certificate of this server may not contain the name of this machine
  return { ...rest, address: `${config.host}:${config.port}`, tls: config.tls ? "unverified" : "off" };
}
