import { setTimeout as sleep } from "node:timers/promises";
import { RawPeer } from "./raw-peer";

/** Does its worst to an address until the deadline, and keeps what it has opened until `over`. */
export type Attack = (address: string, deadline: number, over: Promise<void>) => Promise<void>;

export const createRole = "/orgroles.v1.RoleService/CreateRole";
export const listRoles = "/orgroles.v1.RoleService/ListEnvironmentRoles";
export const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
export const streams = (count: number) => Array.from({ length: count }, (_, index) => index * 2 + 1);

/** Runs a peer again and again, so many at once, for as long as there is time. */
export function peers(count: number, peer: (address: string, over: Promise<void>) => Promise<RawPeer>): Attack {
  return async (address, deadline, over) => {
    const last: RawPeer[] = [];
    const forever = async () => {
      for (;;) {
        const one = await peer(address, over);
        while (!one.ended && Date.now() < deadline) await sleep(20);
        if (Date.now() >= deadline) return void last.push(one);
        await sleep(5);
      }
    };
    await Promise.all(Array.from({ length: count }, forever));
    await over;
    for (const one of last) one.destroy();
  };
}

export async function onEachStream(
  peer: RawPeer,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  options: { piece?: number; ends?: boolean } = {},
): Promise<RawPeer> {
  for (const stream of streams(64)) await peer.request(stream, headers);
  await Promise.all(streams(64).map((stream) => Promise.race([peer.data(stream, body, options), sleep(2000)])));
  return peer;
}

/** Goes on with one thing on one connection until the server ends it. */
export function flood(bytes: () => Buffer, open?: (peer: RawPeer) => Promise<void>): Attack {
  return async (address, deadline) => {
    while (Date.now() < deadline) {
      const peer = await RawPeer.open(address);
      await open?.(peer);
      while (!peer.ended && Date.now() < deadline) await peer.send(bytes());
      peer.destroy();
    }
  };
}
