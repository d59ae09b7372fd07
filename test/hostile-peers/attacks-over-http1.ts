import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Attack } from "./attack";
import { RawHttp1, get, head, post } from "./raw-http1";

const list = "RoleService/ListEnvironmentRoles";
const create = "RoleService/CreateRole";
const large = 2 ** 20;

interface Options {
  /** Whether the peers read what the server sends. */
  readonly reads?: boolean;
  /** Milliseconds after which a connection is replaced by another one. */
  readonly lifetime?: number;
}

/** Has so many peers at once do something on a connection, and again on another one when it ends. */
function peers(
  count: number,
  work: (peer: RawHttp1) => Promise<void>,
  { reads = true, lifetime = Infinity }: Options = {},
) {
  const attack: Attack = async (address, deadline, over) => {
    const last: RawHttp1[] = [];
    const forever = async () => {
      while (Date.now() < deadline) {
        const end = Math.min(deadline, Date.now() + lifetime);
        const peer = await RawHttp1.open(address, { reads });
        const working = work(peer);
        while (!peer.ended && Date.now() < end) await Promise.race([sleep(20), working.then(() => sleep(20))]);
        if (lifetime < Infinity) peer.destroy();
        else last.push(peer);
        await sleep(5);
      }
    };
    await Promise.all(Array.from({ length: count }, forever));
    await over;
    for (const one of last) one.destroy();
  };
  return attack;
}

/** Sends the same bytes again and again. */
const repeat = (bytes: Buffer | string) => async (peer: RawHttp1) => {
  while (!peer.ended) await peer.send(bytes);
};

/** Sends one byte every now and then. */
const drip = (start: string, byte: string) => async (peer: RawHttp1) => {
  await peer.send(start);
  for (; !peer.ended; await sleep(100)) await peer.send(byte);
};

/** Sends as many requests as are answered, so many at once. */
const closely = (request: Buffer, count: number) => async (peer: RawHttp1) => {
  peer.socket.on("data", (bytes: Buffer) => {
    const answered = bytes.toString("latin1").split("HTTP/1.1 ").length - 1;
    if (answered && !peer.ended) void peer.send(pipelined(request, answered));
  });
  await peer.send(pipelined(request, count));
};

const pipelined = (request: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => request));
const call = post(list, { environmentId: "alpha" });
const keys = Array.from({ length: 90_000 }, (_, index) => `"k${index}":0`).join();

export const attacksOverHttp1: Readonly<Record<string, Attack>> = {
  "headers that come byte by byte": peers(900, drip("POST / HTTP/1.1\r\nhost: localhost\r\nx: ", "x")),
  "bodies that come byte by byte": peers(900, drip(head(create, large), " ")),
  "connections that do nothing after a call": peers(900, (peer) => peer.send(get("/healthz"))),
  "calls of twenty peers, sixty at once": peers(20, closely(call, 60)),
  "more calls at once than a connection may have": peers(20, repeat(pipelined(call, 100))),
  "small requests of twenty peers that never read": peers(20, repeat(get("/x").repeat(2000)), { reads: false }),
  "calls of ever new connections": peers(100, (peer) => peer.send(call), { lifetime: 10 }),
  "pages of many peers that never read": peers(50, repeat(get("/openapi.yaml").repeat(100)), { reads: false }),
  "bodies that lack their last byte": peers(300, (peer) => peer.send(head(create, large) + " ".repeat(large - 1))),
  "bodies that inflate to many keys": peers(
    20,
    repeat(pipelined(post(create, gzipSync(`{"name":{${keys}},"name":""}`), { "content-encoding": "gzip" }), 10)),
  ),
  "chunks of one byte": peers(20, async (peer) => {
    await peer.send(head(create, 0).replace("content-length: 0", "transfer-encoding: chunked"));
    await repeat("1\r\n \r\n".repeat(2000))(peer);
  }),
};

/** Attacks by callers that ask for the roles of `filled`, where a page is as large as pages get. */
export const attacksByPagesOverHttp1: Readonly<Record<string, Attack>> = {
  "largest pages in JSON that nobody reads": peers(20, repeat(pipelined(post(list, { environmentId: "filled" }), 20)), {
    reads: false,
  }),
  "largest pages in JSON, compressed": peers(
    20,
    repeat(pipelined(post(list, { environmentId: "filled" }, { "accept-encoding": "gzip" }), 20)),
  ),
};
