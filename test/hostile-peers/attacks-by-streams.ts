import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { frame, grpcBody } from "../support/frames";
import { message } from "../support/raw";
import { type Attack, createRole, peers, reflection, streams } from "./attack";
import { RawPeer, flags, grpcHeaders, headerBlock, types } from "./raw-peer";

const watch = "/grpc.health.v1.Health/Watch";
const unknownToken = { authorization: "Bearer guess" };

const open = (stream: number, headers: Readonly<Record<string, string>>) =>
  frame(types.headers, flags.endHeaders, stream, headerBlock(headers));
const reset = (stream: number) => frame(types.reset, 0, stream, Buffer.from([0, 0, 0, 8]));

/** As many fields as a request may have. */
const manyFields = Object.fromEntries(
  Array.from({ length: 58 }, (_, index) => [`x-${index}-${"n".repeat(20)}`, "v".repeat(70) + index]),
);

/** Almost all that is received at once, for the sake of one byte. Frames of types that nobody knows are ignored. */
const ballast = Buffer.concat(Array.from({ length: 4 }, () => frame(0xfa, 0, 0, Buffer.alloc(15_000))));

/** Sends one byte after the other to streams, each with ballast. */
async function drip(peer: RawPeer, targets: readonly number[]): Promise<void> {
  while (!peer.ended)
    for (const stream of targets)
      await peer.send(Buffer.concat([ballast, frame(types.data, 0, stream, Buffer.alloc(1))]));
}

/** Opens streams and resets them, `wait` milliseconds after each 64, up to what HTTP/2 allows a connection. */
async function openAndReset(
  peer: RawPeer,
  wait: number,
  bytesOf: (stream: number) => Buffer,
  rounds = 14,
): Promise<RawPeer> {
  for (let round = 0; round < rounds && !peer.ended; round += 1) {
    const some = streams(64).map((stream) => stream + 128 * round);
    await Promise.race([peer.send(Buffer.concat(some.map(bytesOf))), sleep(1000)]);
    await sleep(wait);
    await Promise.race([peer.send(Buffer.concat(some.map(reset))), sleep(1000)]);
  }
  return peer;
}

/** What streams make the process keep besides the bodies of requests and responses. */
export const attacksByStreams: Readonly<Record<string, Attack>> = {
  "compressed messages that inflate a thousandfold, on streams of reflection": peers(20, async (address) => {
    const peer = await RawPeer.open(address, { window: 0 });
    const large = grpcBody(gzipSync(message([1, Buffer.alloc(2 ** 20 - 20)])), 1);
    const some = Buffer.concat(Array.from({ length: Math.floor(15_000 / large.length) }, () => large));
    for (const stream of streams(16)) {
      await peer.request(stream, grpcHeaders(reflection, { "grpc-encoding": "gzip" }));
      await peer.data(stream, some);
    }
    return peer;
  }),
  "bytes that drip into streams of reflection that wait": peers(2, async (address) => {
    const peer = await RawPeer.open(address, { window: 0 });
    const question = grpcBody(message([3, "orgroles/v1/role_service.proto"]));
    for (const stream of streams(16)) {
      await peer.request(stream, grpcHeaders(reflection));
      await peer.data(stream, Buffer.concat(Array.from({ length: 60 }, () => question)));
    }
    void drip(peer, streams(16));
    return peer;
  }),
  "bytes that drip into calls that wait for their refusal": peers(4, async (address) => {
    const peer = await RawPeer.open(address);
    for (let round = 0; round < 3; round += 1)
      for (const stream of streams(64)) await peer.request(stream + 128 * round, grpcHeaders(createRole, unknownToken));
    void drip(peer, streams(64));
    return peer;
  }),
  "headers of many fields on streams that stay open": peers(300, async (address) => {
    const peer = await RawPeer.open(address);
    for (const stream of streams(64))
      await peer.send(open(stream, grpcHeaders(createRole, { ...unknownToken, ...manyFields })));
    return peer;
  }),
  "calls with unknown tokens whose callers go away at once": peers(10, async (address) => {
    const peer = await RawPeer.open(address);
    const headers = grpcHeaders(createRole, { ...unknownToken, ...manyFields });
    await peer.send(Buffer.concat(streams(64).map((stream) => open(stream, headers))));
    await sleep(40);
    peer.destroy();
    return peer;
  }),
  "unknown methods with long names whose answers nobody reads": peers(4, async (address) => {
    const peer = await RawPeer.open(address, { reads: false });
    const headers = grpcHeaders(`/${"z".repeat(7500)}`);
    return openAndReset(peer, 30, (stream) => open(stream, headers));
  }),
  "watches of health that are reset at once": peers(2, async (address) => {
    const peer = await RawPeer.open(address);
    const body = frame(types.data, flags.endStream, 1, grpcBody(Buffer.alloc(0)));
    await openAndReset(peer, 0, (stream) => {
      body.writeUInt32BE(stream, 5);
      return Buffer.concat([open(stream, grpcHeaders(watch)), body, reset(stream)]);
    });
    peer.destroy();
    return peer;
  }),
  "all memory in equal shares": peers(900, async (address) => {
    const peer = await RawPeer.open(address);
    for (const stream of streams(8)) await peer.request(stream, grpcHeaders(createRole, unknownToken));
    return peer;
  }),
};
