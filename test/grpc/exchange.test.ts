import { EventEmitter } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { setImmediate as turn } from "node:timers/promises";
import type { Socket } from "node:net";
import { Connections } from "../../src/connections/connections";
import { Exchange } from "../../src/grpc/exchange";
import { present } from "../support/stage";

/** A stream that writes when it is told to. */
class FakeStream extends EventEmitter {
  closed = false;
  destroyed = false;
  readonly written: (() => void)[] = [];

  write(_: Buffer, written: () => void): boolean {
    this.written.push(written);
    return false;
  }

  close(): void {
    this.closed = true;
    this.emit("close");
  }
}

function begun(headers: Record<string, string> = {}) {
  const connections = new Connections({ connections: 10, bufferBytes: 2 ** 20 });
  const socket = Object.assign(new EventEmitter(), { destroy: () => undefined });
  connections.add(socket as unknown as Socket);
  const session = { socket } as unknown as Parameters<typeof connections.begin>[0];
  connections.begin(session);
  const idle = connections.load().bytes;
  const stream = new FakeStream();
  const exchange = new Exchange(stream as unknown as ServerHttp2Stream, headers, present(connections.of(session)));
  return { connections, idle, stream, exchange, taken: () => connections.load().bytes - idle };
}

describe("bytes of a response that nobody reads", () => {
  test("are counted until they are written", () => {
    const { stream, exchange, taken } = begun();
    const before = taken();
    exchange.write(Buffer.alloc(100_000), () => undefined);
    expect(taken()).toBe(before + 100_000);
    stream.written[0]?.();
    expect(taken()).toBe(before);
  });

  test("are given back once where the stream is reset before", async () => {
    const { stream, exchange, taken } = begun();
    exchange.write(Buffer.alloc(100_000), () => undefined);
    stream.close();
    await turn();
    stream.written[0]?.(); // as Node does, after the stream has closed
    expect(taken()).toBe(0);
  });
});

const passing = (headers: Record<string, string> = {}) => {
  const all = begun(headers);
  const seen: string[] = [];
  all.exchange.passThrough(10_000);
  all.exchange.on("data", (frame: Buffer) => seen.push(frame.toString()));
  all.exchange.on("end", () => seen.push("end"));
  const data = (text: string) => all.stream.emit("data", Buffer.from(text));
  return { ...all, seen, data };
};

describe("requests that pass through", () => {
  test("are counted and kept while nobody reads, and come in their order then", () => {
    const { stream, exchange, taken, seen, data } = passing();
    const before = taken();
    for (const text of ["a", "b"]) data(text);
    stream.emit("end");
    expect([seen, taken() - before]).toEqual([[], 2]);
    exchange.resume();
    expect(seen).toEqual(["a", "b", "end"]);
  });

  test("wait again from where the reader pauses", () => {
    const { exchange, seen, data } = passing();
    exchange.on("data", (frame: Buffer) => {
      seen.push(frame.toString());
      exchange.pause();
    });
    for (const text of ["a", "b", "c"]) data(text);
    exchange.resume();
    expect(seen).toEqual(["a"]);
    exchange.resume();
    expect(seen).toEqual(["a", "b"]);
  });

  test("are copied out of what their connection has received", () => {
    const { exchange, data, stream } = passing();
    const received = Buffer.alloc(65_536, "x");
    const frames: Buffer[] = [];
    exchange.on("data", (frame: Buffer) => frames.push(frame));
    stream.emit("data", received.subarray(0, 1));
    data("y");
    exchange.resume();
    expect(frames.map((frame) => frame.buffer === received.buffer)).toEqual([false, false]);
  });

  test("are not inflated, whatever compression their headers name", () => {
    expect(passing({ "grpc-encoding": "gzip" }).exchange.headers["grpc-encoding"]).toBe("gzip on a stream");
    expect(passing().exchange.headers["grpc-encoding"]).toBeUndefined();
  });
});
