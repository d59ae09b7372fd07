import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { frame } from "../support/frames";
import { type Attack, peers, streams } from "./attack";
import { RawPeer, flags, headerBlock, types } from "./raw-peer";

const listPath = "/orgroles.v1.RoleService/ListEnvironmentRoles";
const secure = { secure: true };
const large = 2 ** 20;

const headers = (more: Readonly<Record<string, string>> = {}) => ({
  ":method": "POST",
  ":scheme": "https",
  ":path": listPath,
  ":authority": "localhost",
  "content-type": "application/json",
  ...more,
});
const known = { authorization: "Bearer honest" };
const open = (stream: number, block: Buffer, more = 0) => frame(types.headers, flags.endHeaders + more, stream, block);
const reset = (stream: number) => frame(types.reset, 0, stream, Buffer.from([0, 0, 0, 8]));
const end = (stream: number, body: string) => frame(types.data, flags.endStream, stream, Buffer.from(body));

/** Makes calls over twenty connections, a hundred at once, as fast as the server takes them. */
function callsOfTwenty(bytesOf: (stream: number) => Buffer[], hundreds = Infinity): Attack {
  const one = async (address: string, deadline: number) => {
    while (Date.now() < deadline) {
      const peer = await RawPeer.open(address, secure);
      for (let hundred = 0; hundred < hundreds && !peer.ended && Date.now() < deadline; hundred += 1)
        await peer.send(Buffer.concat(streams(100).flatMap((stream) => bytesOf(stream + 200 * hundred))));
      peer.destroy();
    }
  };
  return async (address, deadline) => {
    await Promise.all(Array.from({ length: 20 }, () => one(address, deadline)));
  };
}

const block = headerBlock(headers());
const trusted = headerBlock(headers(known));
const manyFields = Object.fromEntries(
  Array.from({ length: 58 }, (_, index) => [`x-${index}-${"n".repeat(20)}`, "v".repeat(70) + index]),
);

/** Opens 64 streams with a body each. */
async function bodies(
  address: string,
  more: Readonly<Record<string, string>>,
  body: Buffer,
  options: { ends?: boolean; piece?: number },
) {
  const peer = await RawPeer.open(address, secure);
  for (const stream of streams(64)) await peer.request(stream, headers(more));
  await Promise.all(streams(64).map((stream) => Promise.race([peer.data(stream, body, options), sleep(2000)])));
  return peer;
}

/** Attacks on HTTP/2 with TLS, by peers without credentials and by a caller. */
export const attacksOverHttps: Readonly<Record<string, Attack>> = {
  "streams that twenty peers reset at once": callsOfTwenty((stream) => [open(stream, block), reset(stream)], 9),
  "complete calls that twenty peers reset at once": callsOfTwenty(
    (stream) => [open(stream, trusted), end(stream, '{"environmentId":"alpha"}'), reset(stream)],
    9,
  ),
  "headers of many fields on streams that stay open": peers(100, async (address) => {
    const peer = await RawPeer.open(address, secure);
    for (const stream of streams(64)) await peer.send(open(stream, headerBlock(headers(manyFields))));
    return peer;
  }),
  "bodies that lack their last byte": peers(8, (address) => bodies(address, known, Buffer.alloc(large, " "), {})),
  "bodies in frames of one byte": peers(4, (address) => bodies(address, known, Buffer.alloc(large, " "), { piece: 1 })),
  "bodies that inflate a thousandfold": peers(8, (address) =>
    bodies(address, { ...known, "content-encoding": "gzip" }, gzipSync(Buffer.alloc(8 * large)), { ends: true }),
  ),
  "pings and settings without a pause": async (address, deadline) => {
    const bytes = Buffer.concat(
      Array.from({ length: 300 }, () => [
        frame(types.ping, 0, 0, Buffer.alloc(8)),
        frame(types.settings, 0, 0, Buffer.alloc(0)),
      ]).flat(),
    );
    const one = async () => {
      while (Date.now() < deadline) {
        const peer = await RawPeer.open(address, secure);
        while (!peer.ended && Date.now() < deadline) await peer.send(bytes);
        peer.destroy();
      }
    };
    await Promise.all(Array.from({ length: 8 }, one));
  },
  "pages taken a byte at a time": peers(8, async (address) => {
    const peer = await RawPeer.open(address, { ...secure, window: 1 });
    for (const stream of streams(64))
      await peer.send(Buffer.concat([open(stream, trusted), end(stream, '{"environmentId":"alpha"}')]));
    const one = Buffer.from([0, 0, 0, 1]);
    const bytes = Buffer.concat([0, ...streams(64)].map((stream) => frame(types.windowUpdate, 0, stream, one)));
    void (async () => {
      while (!peer.ended) await peer.send(bytes);
    })();
    return peer;
  }),
};
