import { setTimeout as sleep } from "node:timers/promises";
import { ControlFrames, type FrameSource, type Traffic } from "../../src/connections/control-frames";

/** Milliseconds in which the connections are looked at several times. */
const someLooks = 60;
const kilobyte = 1024;

class Source implements FrameSource {
  hasOpenStreams = true;
  traffic: Traffic | undefined = { read: 0, requests: 0, written: 0 };

  add({ read = 0, requests = 0, written = 0 }: Partial<Traffic>): void {
    const before = this.traffic;
    if (!before) return;
    this.traffic = {
      read: before.read + read,
      requests: before.requests + requests,
      written: before.written + written,
    };
  }
}

/** Watches a source while traffic is added in several steps, and returns what was reported. */
async function reportsOf(steps: number, more: Partial<Traffic>, source = new Source()): Promise<Set<string>> {
  const reports = new Set<string>();
  const frames = new ControlFrames<Source>(
    () => reports.add("excess"),
    () => reports.add("flood"),
  );
  frames.watch(source);
  for (let step = 0; step < steps; step += 1) {
    source.add(more);
    await sleep(someLooks);
  }
  source.hasOpenStreams = false;
  return reports;
}

test.each([
  ["requests as large as they like", { read: 1000 * kilobyte, requests: 1000 * kilobyte }],
  ["window updates for large responses", { read: 100 * kilobyte, written: 1000 * kilobyte }],
  ["pings and window updates now and then", { read: 10 * kilobyte }],
])("a connection may send %s", async (_, more) => {
  expect(await reportsOf(5, more)).toEqual(new Set());
});

test("a connection that sends many frames without data is reported as long as it goes on", async () => {
  const source = new Source();
  expect(await reportsOf(3, { read: 40 * kilobyte, written: 40 * kilobyte }, source)).toEqual(new Set(["excess"]));
  source.hasOpenStreams = true;
  expect(await reportsOf(3, { read: 10 * kilobyte, written: 80 * kilobyte }, source)).toEqual(new Set());
});

test("a connection that floods is reported as such", async () => {
  expect(await reportsOf(1, { read: 600 * kilobyte })).toEqual(new Set(["flood"]));
});

test("a closed connection is forgotten", async () => {
  const source = new Source();
  source.traffic = undefined;
  expect(await reportsOf(1, { read: 600 * kilobyte }, source)).toEqual(new Set());
});
