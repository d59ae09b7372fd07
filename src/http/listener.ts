import { readFile } from "node:fs/promises";
import type { HandledService } from "../api/api";
import type { CallPipeline } from "../calls/pipeline";
import type { Connections } from "../connections/connections";
import { Console, type ConsoleOptions } from "./console";
import { Guard } from "./guard";
import { HttpServer, type TlsSource } from "./http-server";
import { methodsOf, readRegistry } from "./methods";
import { Pages } from "./pages";
import { BodyReader } from "./read-body";
import { type PathServer, Router } from "./router";

export interface ListenerOptions {
  readonly services: readonly HandledService[];
  readonly pipeline: CallPipeline;
  readonly connections: Connections;
  readonly tls: TlsSource | undefined;
  readonly requestTimeout: number;
  readonly origins: readonly string[];
  /** Whether calls need no credentials. */
  readonly isOpen: boolean;
  /** Absent if the console is off. */
  readonly console: ConsoleOptions | undefined;
  readonly serving: () => boolean;
  /** Serves other paths; absent if there are none. */
  readonly paths?: PathServer | undefined;
}

/** Returns the listener for HTTP, with every RPC in Connect and gRPC-Web, and the pages. */
export function createListener(options: ListenerOptions): HttpServer {
  const { services, pipeline, connections, tls, requestTimeout, serving } = options;
  const registry = readRegistry();
  let openapi: Promise<Buffer> | undefined;
  const console = options.console && new Console(options.console);
  const router = new Router({
    registry,
    methods: methodsOf(services, registry),
    pipeline,
    guard: new Guard({
      scheme: tls ? "https" : "http",
      origins: new Set(options.origins),
      onlyLocalHosts: options.isOpen,
    }),
    pages: new Pages({ serving, openapi: () => (openapi ??= readFile(require.resolve("#openapi"))), console }),
    reader: new BodyReader(requestTimeout),
    paths: options.paths,
  });
  return new HttpServer({ connections, tls, requestTimeout, route: (exchange) => router.route(exchange) });
}
