import { type Console, consolePath } from "./console";
import type { HttpExchange } from "./exchange";

export interface PageOptions {
  readonly serving: () => boolean;
  /** The description of the API for OpenAPI. */
  readonly openapi: () => Promise<Buffer>;
  /** Absent if the console is off. */
  readonly console: Console | undefined;
}

const plain = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

/** Serves everything that is not an RPC. */
export class Pages {
  constructor(private readonly options: PageOptions) {}

  /** Sends a page or a file. Returns whether the path has one. */
  async serve(exchange: HttpExchange): Promise<boolean> {
    const { serving, openapi, console } = this.options;
    switch (exchange.path) {
      case "/healthz":
        exchange.send(serving() ? 200 : 503, plain, Buffer.from(serving() ? "ok\n" : "not serving\n"));
        return true;
      case "/openapi.yaml":
        exchange.send(200, { "content-type": "application/yaml", "cache-control": "no-cache" }, await openapi());
        return true;
      case "/":
      case "/console":
        if (!console) return false;
        if (!(await console.isThere())) return console.serve(exchange, "");
        exchange.send(302, { location: consolePath, "cache-control": "no-store" }, new Uint8Array());
        return true;
      default:
        return (
          console !== undefined &&
          exchange.path.startsWith(consolePath) &&
          (await console.serve(exchange, exchange.path.slice(consolePath.length)))
        );
    }
  }
}
