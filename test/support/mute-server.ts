import { type AddressInfo, type Socket, createServer } from "node:net";

export interface MuteServer {
  readonly port: number;
  /** How many connections it has accepted. */
  accepted(): number;
  stop(): Promise<void>;
}

/** A port that accepts connections and says nothing, as a host does that swallows packets. */
export async function startMuteServer(): Promise<MuteServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => sockets.size,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
