import { type Socket, connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

export interface Doorway {
  readonly port: number;
  /** Breaks every connection, and refuses new ones. */
  close(): void;
  /** Keeps every connection, accepts new ones, and swallows what they send, until it is opened. */
  swallow(): void;
  open(): void;
  end(): Promise<void>;
}

/** A way to a server that can be closed as if the server had gone, or as if the network swallowed packets. */
export async function doorwayTo(host: string, port: number): Promise<Doorway> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: "open" | "closed" | "swallowing" = "open";
  const server = createServer((socket) => {
    if (state === "closed") return socket.destroy();
    const onward = connect(port, host);
    const pair = [socket, onward] as const;
    pairs.add(pair);
    for (const end of pair)
      end
        .on("error", () => undefined)
        .on("close", () => {
          pairs.delete(pair);
          for (const each of pair) each.destroy();
        });
    return state === "open" && join(pair);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = () => {
    state = "closed";
    for (const [socket] of pairs) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    close,
    swallow: () => {
      state = "swallowing";
      pairs.forEach(part);
    },
    open: () => {
      if (state === "swallowing") pairs.forEach(join);
      state = "open";
    },
    end: () => {
      close();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

const join = ([one, other]: readonly [Socket, Socket]) => one.pipe(other).pipe(one);

function part(pair: readonly [Socket, Socket]): void {
  for (const end of pair) end.unpipe().pause();
}
