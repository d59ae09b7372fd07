import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { type ReadingSource, ReadingTurns } from "../../src/connections/reading-turns";
import { Transport } from "../../src/grpc/transport";
import { listRoles, streams } from "../hostile-peers/attack";
import { flags, grpcHeaders, headerBlock, types } from "../hostile-peers/raw-peer";
import { engines } from "../support/engines";
import { frame, preface } from "../support/frames";
import { many } from "../support/many";
import { startService } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

/** As many streams as may be open at once on a connection. */
const most = 64;

class Source implements ReadingSource {
  isRead = true;

  constructor(readonly trusted = false) {}

  stopReading(): void {
    this.isRead = false;
  }

  startReading(): void {
    this.isRead = true;
  }
}

const open = (turns: ReadingTurns<Source>, source: Source, count: number) => {
  for (let stream = 0; stream < count; stream += 1) turns.count(source);
};

test("a source that opens as many streams in each turn as may be open at once is always read", async () => {
  const turns = new ReadingTurns<Source>();
  const source = new Source();
  for (let round = 0; round < 5; round += 1) {
    open(turns, source, most);
    expect(source.isRead).toBe(true);
    await turn();
  }
});

test("a source that opens more is not read until the next turn", async () => {
  const turns = new ReadingTurns<Source>();
  const source = new Source();
  open(turns, source, most + 1);
  expect(source.isRead).toBe(false);
  await turn();
  expect(source.isRead).toBe(true);
});

test("one source in a turn is read of those that wait, in their order", async () => {
  const turns = new ReadingTurns<Source>();
  const sources = Array.from({ length: 5 }, () => new Source());
  for (const source of sources) turns.wait(source);
  for (let read = 0; read <= sources.length; read += 1) {
    expect(sources.map(({ isRead }) => isRead)).toEqual(sources.map((_, index) => index < read));
    await turn();
  }
});

test("a source with an identified caller waits for one other at most", async () => {
  const turns = new ReadingTurns<Source>();
  const unknown = Array.from({ length: 20 }, () => new Source());
  const known = new Source(true);
  for (const source of [...unknown, known]) turns.wait(source);
  await turn();
  await turn();
  expect(known.isRead).toBe(true);
  expect(unknown.filter(({ isRead }) => isRead).length).toBeLessThan(2);
});

test("the others have as much time as a source took that opened too many streams", async () => {
  const turns = new ReadingTurns<Source>();
  const [greedy, next] = [new Source(), new Source()];
  turns.wait(greedy);
  turns.wait(next);
  await turn();
  expect(greedy.isRead).toBe(true);
  const begin = performance.now();
  while (performance.now() - begin < 30) open(turns, greedy, most);
  await turn();
  const took = performance.now();
  expect(next.isRead).toBe(false);
  await until("the next one is read", async () => next.isRead || undefined);
  expect(performance.now() - took).toBeGreaterThan(20);
});

test("a turn of the event loop opens only a part of the streams that peers have sent", async () => {
  const service = await startService(present(engines[0]));
  const onStream = jest.spyOn(Transport.prototype, "onStream");
  const [host = "", port] = service.address.split(":");
  const block = headerBlock(grpcHeaders(listRoles));
  const sent = Buffer.concat([
    preface,
    frame(types.settings, 0, 0, Buffer.alloc(0)),
    ...streams(900).flatMap((stream) => [
      frame(types.headers, flags.endHeaders, stream, block),
      frame(types.reset, 0, stream, Buffer.from([0, 0, 0, 8])),
    ]),
  ]);
  const sockets = many(16, () => connect(Number(port), host).on("error", () => undefined));
  try {
    for (const socket of sockets) socket.write(sent);
    let largest = 0;
    while (onStream.mock.calls.length < 16 * 900) {
      const before = onStream.mock.calls.length;
      await turn();
      largest = Math.max(largest, onStream.mock.calls.length - before);
    }
    expect(largest).toBeLessThan(600);
  } finally {
    onStream.mockRestore();
    for (const socket of sockets) socket.destroy();
    await service.stop();
  }
});
