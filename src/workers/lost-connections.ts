import type { Worker } from "node:cluster";

/** The part of a connection's handle that Node passes to a worker. */
interface Handle {
  close(): void;
}

const isHandle = (sent: unknown): sent is Handle =>
  typeof sent === "object" && sent !== null && "close" in sent && typeof sent.close === "function";

/**
 * Closes the connection that a dead worker was given and did not take. Node passes one connection at a time to each
 * worker and closes its own end of the connection when the worker has taken it; if the worker dies first, the peer of
 * that connection would wait for ever.
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
  // either comes first; closing a handle that Node has closed does nothing
  worker.once("exit", () => passed?.close());
  worker.once("disconnect", () => passed?.close());
  // the channel to a dead worker breaks; "exit" and "disconnect" follow
  worker.on("error", () => undefined);
}
