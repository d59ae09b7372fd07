/** Where the data is. */
export type DatabaseUrl = SqliteUrl | MysqlUrl;

export interface SqliteUrl {
  readonly kind: "sqlite";
  /** A path, or `:memory:`. */
  readonly file: string;
}

export interface MysqlUrl {
  readonly kind: "mysql";
  /** In the order in which they are tried. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const rule = "must be sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE, several hosts separated by commas";

/** Never repeats the text in its answer: it may hold a password. */
export function parseDatabaseUrl(text: string): { value: DatabaseUrl } | { rule: string } {
  const file = /^sqlite:(.+)$/.exec(text)?.[1];
  if (file) return { value: { kind: "sqlite", file } };
  const parts = /^mysql:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@]+)\/([^/?#]+)$/.exec(text);
  if (!parts) return { rule };
  const [, user = "", password = "", hosts = "", database = ""] = parts;
  try {
    return {
      value: {
        kind: "mysql",
        hosts: hosts.split(",").map(parseHost),
        user: decodeURIComponent(user) || "root",
        password: decodeURIComponent(password),
        database: decodeURIComponent(database),
      },
    };
  } catch {
    return { rule };
  }
}

function parseHost(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? 3306);
  if (!host || port < 1 || port > 65535) throw new Error("not a host");
  return { host, port };
}

/** For people: without user and password. */
export function describeDatabaseUrl(url: DatabaseUrl): string {
  if (url.kind === "sqlite") return `sqlite:${url.file}`;
  const hosts = url.hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`);
  return `mysql://${hosts.join(",")}/${url.database}`;
}
