import { type Server, createServer } from "node:http";
import { listenFailure } from "../display/listen-failure";

/** The metrics in the format of Prometheus. */
export interface Exposition {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/**
 * Serves `/livez` (the process runs), `/readyz` (it can serve calls) and `/metrics` over HTTP. It requires no
 * credentials: the address decides who can reach it.
 */
export class ProbeServer {
  private readonly server: Server;

  constructor(registry: Exposition, ready: () => boolean) {
    const pages: Record<string, () => Promise<{ status: number; type: string; body: string }>> = {
      "/livez": async () => ({ status: 200, type: "text/plain", body: "ok\n" }),
      "/readyz": async () =>
        ready()
          ? { status: 200, type: "text/plain", body: "ok\n" }
          : { status: 503, type: "text/plain", body: "not serving\n" },
      "/metrics": async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
    };
    const missing = async () => ({ status: 404, type: "text/plain", body: `${Object.keys(pages).join(" ")}\n` });
    this.server = createServer((request, response) => {
      const page = pages[(request.url ?? "").split("?", 1)[0] ?? ""] ?? missing;
      page().then(
        ({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body),
        () => response.writeHead(500).end(),
      );
    });
  }

  /** Listens, and returns the port. Throws if it cannot listen on the address. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", (error) =>
        reject(listenFailure({ setting: "ORGROLES_METRICS_ADDRESS", host, port }, error)),
      );
      this.server.listen(port, host.replaceAll(/[[\]]/g, ""), () => {
        const address = this.server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }
}
