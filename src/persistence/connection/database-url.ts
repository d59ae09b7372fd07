import { escapeUnseen } from "../../display/shown-text";
import { BlockList, isIP } from "node:net";
import { type ServerOptions, parseParameters } from "./server-options";

/** The address of the database. */
export type DatabaseUrl = SqliteUrl | MysqlUrl;

export interface SqliteUrl {
  readonly kind: "sqlite";
  /** A path, or `:memory:`. */
  readonly file: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface MysqlUrl extends ServerOptions {
  readonly kind: "mysql";
  /** The hosts in the order of attempts; with a socket only this machine. */
  readonly hosts: readonly Address[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const rule = "must be sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE, several hosts separated by commas";
const encodingRule =
  `${rule}; characters such as @ / % # ? in USER or PASSWORD must be percent-encoded` +
  " (@ is %40, / is %2F, % is %25, # is %23, ? is %3F)";

/** Parses a URL. The fault never repeats the text, because the text may contain a password. */
export function parseDatabaseUrl(text: string): { value: DatabaseUrl } | { rule: string } {
  const file = /^sqlite:(.+)$/.exec(text)?.[1];
  if (file) return { value: { kind: "sqlite", file } };
  const parts = /^m(?:ysql|ariadb):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^@?#]+)(\?[^@#]*)?$/.exec(text);
  // Node removes tabs and line ends without an error
  if (!parts || /[\s\p{Cc}]/u.test(text)) return { rule: /^m(?:ysql|ariadb):/.test(text) ? encodingRule : rule };
  const [, login = "", hosts = "", path = "", query = ""] = parts;
  const parsed = parseParameters(query);
  if ("fault" in parsed) return { rule: parsed.fault };
  const { options } = parsed;
  try {
    const urls = (hosts || (options.socket && "localhost") || "")
      .split(",")
      .map((host) => new URL(`mysql://${login}@${host}${path}`));
    const value = { kind: "mysql" as const, hosts: urls.map(addressOf), ...loginOf(urls[0] as URL), ...options };
    const fault = socketFault(value);
    return fault ? { rule: fault } : { value };
  } catch {
    return { rule: encodingRule };
  }
}

function loginOf({ username, password, pathname }: URL): Pick<MysqlUrl, "user" | "password" | "database"> {
  const database = /^\/([^/]+)$/.exec(pathname)?.[1];
  if (database === undefined) throw new Error("not a database");
  return {
    user: decodeURIComponent(username) || "root",
    password: decodeURIComponent(password),
    database: decodeURIComponent(database),
  };
}

function addressOf({ hostname, port }: URL): Address {
  const host = /^\[(.+)\]$/.exec(hostname)?.[1] ?? /^[\w.-]+$/.exec(hostname)?.[0];
  if (!host || port === "0") throw new Error("not a host");
  return { host, port: Number(port || 3306) };
}

/** Returns why a URL cannot have its socket, if it cannot. */
export function socketFault({ socket, hosts }: MysqlUrl): string | undefined {
  const isAlone = hosts.length === 1 && hosts.every(({ host }) => isLoopback(host));
  return socket === undefined || isAlone ? undefined : "must have the host localhost, or none, beside a Unix socket";
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (!family) return /^(?:.+\.)?localhost\.?$/i.test(host);
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

/** Returns whether what is sent to the server stays on this machine. */
export function isOnThisMachine({ socket, hosts }: MysqlUrl): boolean {
  return socket !== undefined || hosts.every(({ host }) => isLoopback(host));
}

/** Returns HOST:PORT, or the path of the socket. */
export function describeAddress({ host, port }: Address, socket?: string): string {
  return socket ?? `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Describes a URL for people, without user and password. */
export function describeDatabaseUrl(url: DatabaseUrl): string {
  if (url.kind === "sqlite") return `sqlite:${escapeUnseen(url.file)}`;
  if (url.socket !== undefined) return `mysql://localhost/${url.database}?socket=${url.socket}`;
  return `mysql://${url.hosts.map((address) => describeAddress(address)).join(",")}/${url.database}`;
}
