import { type Socket, connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

export interface Doorway {
  readonly port: number;
  /** Breaks every connection, and refuses new ones. */
  close(): void;
  open(): void;
  end(): Promise<void>;
}

/** A way to a server that can be closed as if the server had gone. */
export async function doorwayTo(host: string, port: number): Promise<Doorway> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  const server = createServer((socket) => {
    if (!isOpen) return socket.destroy();
    const onward = connect(port, host);
    for (const end of [socket, onward]) {
      sockets.add(end);
      end
        .on("error", () => undefined)
        .on("close", () => {
          sockets.delete(end);
          socket.destroy();
          onward.destroy();
        });
    }
    return socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = () => {
    isOpen = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    close,
    open: () => {
      isOpen = true;
    },
    end: () => {
      close();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
