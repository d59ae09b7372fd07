import type { Worker } from "node:cluster";

/** The part of a connection's handle that `closeConnectionLostBy` uses. */
interface Handle {
  close(): void;
}

const isHandle = (sent: unknown): sent is Handle =>
  typeof sent === "object" && sent !== null && "close" in sent && typeof sent.close === "function";

/**
 * Closes a connection that was passed to a worker which died before it accepted it. Node passes one connection at a time
 * to each worker and closes its own end when the worker has accepted the connection. If the worker dies first, the peer
 * would wait for ever.
 */
export function closeConnectionLostBy(worker: Worker): void {
  const { process } = worker;
  let passed: Handle | undefined;
  process.send = new Proxy(process.send.bind(process), {
    apply(send, itself, sent: unknown[]) {
      const [, handle] = sent;
      if (isHandle(handle)) passed = handle;
      return Reflect.apply(send, itself, sent) as boolean;
    },
  });
  // either event may come first; closing a closed handle does nothing
  worker.once("exit", () => passed?.close());
  worker.once("disconnect", () => passed?.close());
  // the channel to a dead worker breaks; "exit" and "disconnect" follow
  worker.on("error", () => undefined);
}
