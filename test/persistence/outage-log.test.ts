import { performance } from "node:perf_hooks";
import { createLogger } from "../../src/observability/log";
import { DatabaseTrouble } from "../../src/persistence/connection/database-trouble";
import { OutageLog } from "../../src/persistence/connection/outage-log";

let now = 1_000_000;
beforeEach(() => jest.spyOn(performance, "now").mockImplementation(() => now));
afterEach(() => jest.restoreAllMocks());

function newLog() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, outage: new OutageLog(createLogger("info", { write }), { database: "mysql://db/roles" }) };
}

test("an outage is reported at first, for each new cause, and then once a minute", () => {
  const { lines, outage } = newLog();
  const reasons = () => lines.splice(0).map(({ reason }) => reason);
  for (let second = 0; second < 60; second += 1, now += 1000) outage.begin(new DatabaseTrouble("It is down."));
  expect(reasons()).toEqual(["It is down."]);
  outage.begin(new DatabaseTrouble("It is down."));
  expect(reasons()).toEqual(["It is down."]);
  outage.begin(new DatabaseTrouble("It is full."));
  outage.begin(new DatabaseTrouble("It is full."));
  expect(reasons()).toEqual(["It is full."]);
  expect(outage.cause).toBe("It is full.");
  outage.end();
  expect(outage.cause).toBeUndefined();
  outage.begin(new DatabaseTrouble("It is full."));
  expect(reasons()).toEqual(["It is full."]);
});

test("a cause is shown by what its number means, and a bug by where it is, without what drivers add", () => {
  const { lines, outage } = newLog();
  const denied = Object.assign(new Error("Access denied for s3cret"), { errno: 1045, sql: "s3cret" });
  outage.begin(new DatabaseTrouble("It is down.", { cause: denied }));
  outage.begin(Object.assign(new TypeError("a bug with s3cret"), { sql: "SELECT 's3cret'", parameters: ["s3cret"] }));
  expect(lines[0]).toMatchObject({
    reason: "It is down.",
    err: { errno: 1045, message: "access is denied: user or password" },
  });
  expect(lines[1]).toMatchObject({
    database: "mysql://db/roles",
    reason: "an unexpected error",
    err: { type: "TypeError", stack: expect.stringContaining("outage-log.test") as string },
  });
  expect(JSON.stringify(lines)).not.toContain("s3cret");
});
