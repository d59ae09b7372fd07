import { type Refusal, refuse } from "../domain/errors";
import type { HttpExchange } from "./exchange";

export interface GuardOptions {
  readonly scheme: "http" | "https";
  /** Other origins whose pages may call, as browsers write them. */
  readonly origins: ReadonlySet<string>;
  /** Whether only names of this machine are served: without credentials, a page of any site could call by its own name. */
  readonly onlyLocalHosts: boolean;
}

/** Names and addresses of this machine, with any port: one may be forwarded to the server's own. */
const localHost = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;
const anyHost = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** The headers that pages of other origins may send, and those that they may read. */
const allowedHeaders = [
  "authorization",
  "content-type",
  "connect-protocol-version",
  "connect-timeout-ms",
  "grpc-timeout",
  "orgroles-acting-user",
  "traceparent",
  "x-grpc-web",
  "x-request-id",
  "x-user-agent",
];
const exposedHeaders = ["grpc-message", "grpc-status", "grpc-status-details-bin", "retry-after", "x-request-id"];

/** Decides by `Host` and `Origin`, before anything of a body is read, whether a request is answered. */
export class Guard {
  constructor(private readonly options: GuardOptions) {}

  /** Returns why the request is refused, undefined if it is not. Adds the headers that pages of allowed origins need. */
  check(exchange: HttpExchange): Refusal | undefined {
    const host = hostOf(exchange);
    if (host === undefined || (this.options.onlyLocalHosts && !localHost.test(host)))
      return refuse.scopeInsufficient("host");
    const origin = exchange.headers.origin;
    if (origin === undefined || this.isOwn(origin, host)) return undefined;
    exchange.commonHeaders["vary"] = "origin";
    if (!this.options.origins.has(origin)) return refuse.scopeInsufficient("origin");
    exchange.commonHeaders["access-control-allow-origin"] = origin;
    exchange.commonHeaders["access-control-expose-headers"] = exposedHeaders.join(", ");
    return undefined;
  }

  private isOwn(origin: string, host: string): boolean {
    return (
      URL.canParse(`${this.options.scheme}://${host}`) && new URL(`${this.options.scheme}://${host}`).origin === origin
    );
  }
}

/** Answers a browser that asks whether a page may call. */
export function sendPreflight(exchange: HttpExchange): void {
  const headers = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": allowedHeaders.join(", "),
    "access-control-max-age": "7200",
    allow: "POST",
  };
  exchange.send(204, headers, new Uint8Array());
}

/** Returns the host that the request names, undefined if it names none or two. */
function hostOf({ request }: HttpExchange): string | undefined {
  const named = new Set<string>();
  for (let index = 0; index < request.rawHeaders.length; index += 2)
    if (/^(?:host|:authority)$/i.test(request.rawHeaders[index] ?? ""))
      named.add((request.rawHeaders[index + 1] ?? "").toLowerCase());
  const [host] = named;
  return named.size === 1 && host !== undefined && anyHost.test(host) ? host : undefined;
}
