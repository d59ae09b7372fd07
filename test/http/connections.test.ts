import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { pino } from "pino";
import { Connections } from "../../src/connections/connections";
import type { HttpServer } from "../../src/http/http-server";
import { createListener } from "../../src/http/listener";
import { type Pair, newAuthority } from "../support/authority";
import { openPassage } from "../support/passage";
import { until } from "../support/until";

let pair: Pair;
beforeAll(async () => {
  pair = await (await newAuthority()).issue({ commonName: "localhost" });
});

const closings: string[] = [];
let connections: Connections;
let listener: HttpServer;
let port: number;

async function listen(isSecure: boolean): Promise<void> {
  closings.length = 0;
  connections = new Connections({ connections: 100, bufferBytes: 2 ** 26 }, (reason) => closings.push(reason));
  const certificates = { cert: Buffer.from(pair.certificate), key: Buffer.from(pair.key), ca: undefined };
  listener = createListener({
    services: [],
    pipeline: openPassage(pino({ level: "silent" })),
    connections,
    tls: isSecure ? { current: () => certificates, onChange: () => undefined } : undefined,
    requestTimeout: 1000,
    origins: [],
    isOpen: true,
    console: undefined,
    serving: () => true,
  });
  port = await listener.listen("127.0.0.1", 0);
}
afterEach(() => listener.close());

const open = (isSecure: boolean): Socket =>
  isSecure ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }) : connect(port, "127.0.0.1");

const health = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
const page = "GET /openapi.yaml HTTP/1.1\r\nhost: localhost\r\n\r\n";

describe.each([
  ["HTTP", false],
  ["HTTPS", true],
])("HTTP/1.1 over %s", (_, isSecure) => {
  beforeEach(() => listen(isSecure));

  test("sixty-four requests at once are answered", async () => {
    const socket = open(isSecure);
    let received = "";
    socket.on("data", (bytes: Buffer) => (received += bytes.toString()));
    socket.write(health.repeat(64));
    const answered = () => received.split("HTTP/1.1 200 ").length - 1;
    expect(await until("all responses", async () => (answered() >= 64 ? answered() : undefined))).toBe(64);
    socket.destroy();
  });

  test("more than sixty-four at once end the connection, and nothing is kept of them", async () => {
    const socket = open(isSecure).on("error", () => undefined);
    socket.resume().write(health.repeat(2000));
    await new Promise((resolve) => {
      socket.once("close", resolve);
    });
    expect(closings).toEqual(["requests"]);
    expect(connections.load()).toEqual({ connections: 0, bytes: 0 });
  });

  test("responses whose peer goes away before it has read them are given back, and nothing waits for them", async () => {
    const socket = open(isSecure).on("error", () => undefined);
    socket.pause().write(page.repeat(60));
    await until("they have begun", async () => (connections.load().bytes > 40 * 8 * 1024 ? true : undefined));
    socket.destroy();
    await until("nothing is counted", async () => (connections.load().bytes === 0 ? true : undefined));
    const begin = performance.now();
    await listener.close();
    expect(performance.now() - begin).toBeLessThan(9000); // ten seconds while a request is open
  });

  test("headers are limited in size and time", async () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize, connectionsCheckingInterval, timeout } =
      Reflect.get(listener, "server") as Record<string, number>;
    expect({
      headersTimeout,
      requestTimeout,
      keepAliveTimeout,
      maxHeaderSize,
      connectionsCheckingInterval,
      timeout,
    }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 75_000,
      maxHeaderSize: 8192,
      connectionsCheckingInterval: 1000,
      timeout: 90_000,
    });
    const socket = open(isSecure);
    socket.write(`GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-long: ${"x".repeat(9000)}\r\n\r\n`);
    const [received] = (await once(socket, "data")) as [Buffer];
    expect(received.toString()).toMatch(/^HTTP\/1.1 431 /);
    socket.destroy();
  });
});
