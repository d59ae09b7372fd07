import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync } from "node:zlib";
import { pino } from "pino";
import { Connections } from "../../src/connections/connections";
import { createListener } from "../../src/http/listener";
import { openPassage } from "../support/passage";
import { ask, rawly } from "./peer";

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
const built = path.join(folder, "console");
const listener = createListener({
  services: [],
  pipeline: openPassage(pino({ level: "silent" })),
  connections: new Connections({ connections: 100, bufferBytes: 2 ** 26 }),
  tls: undefined,
  requestTimeout: 1000,
  origins: [],
  isOpen: true,
  console: { folder: built, frameAncestors: [], signIn: undefined },
  serving: () => false,
});
let address: string;
beforeAll(async () => {
  address = `127.0.0.1:${await listener.listen("127.0.0.1", 0)}`;
});
afterAll(async () => {
  await listener.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (target: string, headers = {}) => ask(address, target, { method: "GET", headers });

test("a console that is not built is 404, and is there once it is built", async () => {
  for (const target of ["/", "/console", "/console/", "/console/roles"]) expect((await get(target)).status).toBe(404);
  mkdirSync(path.join(built, "assets"), { recursive: true });
  writeFileSync(path.join(folder, "secret.txt"), "secret");
  symlinkSync(path.join(folder, "secret.txt"), path.join(built, "link.txt"));
  writeFileSync(path.join(built, "assets", "index-4f3Ab_12.js"), "1;");
  writeFileSync(path.join(built, "assets", "index-4f3Ab_12.js.br"), brotliCompressSync("1;"));
  writeFileSync(path.join(built, "assets", "unknown.exe"), "x");
  writeFileSync(
    path.join(built, "index.html"),
    '<script nonce="__NONCE__" src="/console/assets/index-4f3Ab_12.js"></script>',
  );
  expect(await get("/")).toMatchObject({ status: 302, headers: { location: "/console/" } });
  expect((await get("/console/")).status).toBe(200);
});

test("a page has a nonce of its own and strict headers, whatever its path in the console", async () => {
  const pages = [await get("/console/"), await get("/console/environments/alpha/organizations/acme?tab=roles")];
  const nonces = pages.map(({ body, headers }) => {
    const nonce = /nonce="([^"]+)"/.exec(body.toString())?.[1] ?? "";
    const policy = headers["content-security-policy"];
    expect(policy).toContain(`script-src 'self' 'nonce-${nonce}'`);
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "content-type": "text/html; charset=utf-8",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    expect(headers).not.toHaveProperty("set-cookie");
    return nonce;
  });
  expect(new Set(nonces).size).toBe(2);
  expect(nonces).not.toContain("__NONCE__");
});

test("an asset is kept for ever, compressed for those who accept that", async () => {
  const target = "/console/assets/index-4f3Ab_12.js";
  const plain = await get(target);
  expect(plain.headers).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
    vary: "accept-encoding",
  });
  expect(plain.body.toString()).toBe("1;");
  const packed = await get(target, { "accept-encoding": "gzip, deflate, br" });
  expect(packed.headers["content-encoding"]).toBe("br");
  const head = await ask(address, target, { method: "HEAD" });
  expect([head.status, head.body.length, head.headers["content-length"]]).toEqual([200, 0, "2"]);
});

test.each([
  "/console/../secret.txt",
  "/console/..%2fsecret.txt",
  "/console/%2e%2e/secret.txt",
  String.raw`/console/..\secret.txt`,
  "/console/link.txt",
  "/console//etc/passwd.txt",
  "/console/assets/unknown.exe",
  "/console/assets/",
  "/console/assets/index-4f3Ab_12.js%00",
  "/console/index.html",
  "/consolesecret.txt",
])("%s leads nowhere", async (target) => {
  const answer = await rawly(address, [`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`]);
  expect(answer).toMatch(/^HTTP\/1.1 404 /);
  expect(answer).not.toContain("secret\n");
});

test("a foreign page gets nothing of the console, and nobody may post to it", async () => {
  expect((await get("/console/", { origin: "http://evil.example" })).status).toBe(403);
  expect((await get("/console/", { host: "evil.example" })).status).toBe(403);
  expect((await ask(address, "/console/")).status).toBe(404);
});

test("a server that does not serve says so", async () => {
  expect((await get("/healthz")).status).toBe(503);
});
