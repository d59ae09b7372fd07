import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** Stops Node's parser after the headers of a request, if its listener returns this number. */
const stop = 2;

interface Parser {
  onIncoming: (request: IncomingMessage, shouldKeepAlive: boolean) => number;
}

/**
 * Refuses requests of a socket over HTTP/1.1 while it is full. Node has no hook for this: it makes a request and a response
 * of each thousandth part of what it has received, even for a socket that is closed meanwhile. Where its internals are
 * different, that work is only not saved.
 */
export function limitPipelining(socket: Socket, isFull: () => boolean, onFull: () => void): void {
  const { parser } = socket as Socket & { readonly parser?: Partial<Parser> | null };
  const onIncoming = parser?.onIncoming;
  if (!parser || typeof onIncoming !== "function") return;
  parser.onIncoming = (request, shouldKeepAlive) => {
    if (!isFull()) return onIncoming(request, shouldKeepAlive);
    onFull();
    return stop;
  };
}
