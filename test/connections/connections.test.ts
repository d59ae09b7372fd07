import { EventEmitter } from "node:events";
import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import { Connections } from "../../src/connections/connections";
import { present } from "../support/stage";

/** A connection that needs no network, and whether it was destroyed. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  readonly remoteAddress = "192.0.2.1";
  readonly localPort = 50051;

  constructor(
    readonly remotePort: number,
    readonly localAddress: string,
  ) {
    super();
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

function opened(limits: { connections: number; bufferBytes: number }) {
  const closings: string[] = [];
  const connections = new Connections(limits, (reason) => closings.push(reason));
  let port = 0;
  const open = ({ remotePort = (port += 1), localAddress = "192.0.2.2" } = {}) => {
    const socket = new FakeSocket(remotePort, localAddress);
    connections.add(socket as unknown as Socket);
    return socket;
  };
  const begin = (socket: FakeSocket) => {
    const session = { socket, destroy: () => socket.destroy() } as unknown as Http2Session;
    connections.begin(session);
    return present(connections.of(session));
  };
  return { connections, closings, open, begin };
}

const plenty = 2 ** 30;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("too many connections close the oldest one without an identified caller", () => {
  const { closings, open, begin } = opened({ connections: 3, bufferBytes: plenty });
  const [known, unknown, other] = [open(), open(), open()];
  begin(known).trusted = true;
  const last = open();
  expect([known, unknown, other, last].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
  expect(closings).toEqual(["connections"]);
});

test("connections of one port of a peer to several addresses are counted each", () => {
  const { connections, open } = opened({ connections: 2, bufferBytes: plenty });
  const sockets = ["192.0.2.2", "192.0.2.3", "192.0.2.4"].map((localAddress) => open({ remotePort: 1, localAddress }));
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  expect(connections.load().connections).toBe(2);
});

test("a connection whose name the system has given anew is still closed", () => {
  const { connections, open, begin } = opened({ connections: 10, bufferBytes: plenty });
  const [gone, next] = [open({ remotePort: 1 }), open({ remotePort: 1 })];
  begin(next);
  expect(connections.load().connections).toBe(2);
  connections.close();
  expect([gone, next].map(({ destroyed }) => destroyed)).toEqual([true, true]);
});

test("where all others have identified callers the new connection is closed", () => {
  const { connections, open, begin } = opened({ connections: 2, bufferBytes: plenty });
  for (const socket of [open(), open()]) begin(socket).trusted = true;
  expect(open().destroyed).toBe(true);
  expect(connections.load().connections).toBe(2);
});

test("too many bytes close the connections that take most, until the rest fits", () => {
  const { connections, closings, open, begin } = opened({ connections: 10, bufferBytes: 2 ** 20 });
  const sockets = [open(), open(), open()];
  const [small, large, larger] = sockets.map(begin);
  present(small).keep(100_000);
  present(large).keep(300_000);
  present(larger).keep(400_000);
  expect(sockets.some(({ destroyed }) => destroyed)).toBe(false);
  present(small).keep(250_000);
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, true]);
  expect(closings).toEqual(["bytes"]);
  expect(connections.load().bytes).toBeLessThan(2 ** 20);
});

test("connections without an identified caller that take most together close none with one", () => {
  const { open, begin } = opened({ connections: 100, bufferBytes: 2 ** 20 });
  const known = open();
  const caller = begin(known);
  caller.trusted = true;
  caller.keep(200_000);
  const others = Array.from({ length: 20 }, () => open());
  for (const other of others.slice(0, 8)) begin(other).keep(50_000);
  expect(known.destroyed).toBe(false);
  expect(others.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(0);
});

test("what a stream took is given back in the next turn of the event loop, when Node has let go of it", () => {
  const { connections, open, begin } = opened({ connections: 10, bufferBytes: plenty });
  const connection = begin(open());
  const idle = connections.load().bytes;
  connection.streamOpened();
  connection.keep(5000);
  const busy = connections.load().bytes;
  expect(busy).toBeGreaterThan(idle + 5000);
  connection.streamClosed(5000);
  expect(connections.load().bytes).toBe(busy);
  jest.runAllTicks();
  jest.advanceTimersByTime(0);
  expect(connections.load().bytes).toBe(idle);
});

test("what a connection took is given back when it closes, and nothing is counted for it after that", () => {
  const { connections, open, begin } = opened({ connections: 10, bufferBytes: plenty });
  const socket = open();
  const connection = begin(socket);
  connection.streamOpened();
  connection.keep(5000);
  expect(connections.load().bytes).toBeGreaterThan(5000);
  socket.destroy();
  connection.keep(7000);
  connection.keep(-5000);
  connection.streamClosed(0);
  expect(connections.load()).toEqual({ connections: 0, bytes: 0 });
});

test("a connection on which HTTP/2 does not begin within ten seconds is closed", () => {
  const { closings, open, begin } = opened({ connections: 10, bufferBytes: plenty });
  const [silent, speaking] = [open(), open()];
  begin(speaking);
  jest.advanceTimersByTime(9000);
  expect(silent.destroyed).toBe(false);
  jest.advanceTimersByTime(3000);
  expect([silent.destroyed, speaking.destroyed]).toEqual([true, false]);
  expect(closings).toEqual(["handshake"]);
});

test("closing ends every connection", () => {
  const { connections, closings, open } = opened({ connections: 10, bufferBytes: plenty });
  const sockets = [open(), open()];
  connections.close();
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  expect(closings).toEqual([]);
});
