import { performance } from "node:perf_hooks";
import { pino } from "pino";
import { DatabaseTrouble } from "../../src/persistence/database-trouble";
import { OutageLog } from "../../src/persistence/outage-log";

let now = 1_000_000;
beforeEach(() => jest.spyOn(performance, "now").mockImplementation(() => now));
afterEach(() => jest.restoreAllMocks());

function newLog() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, outage: new OutageLog(pino({}, { write }), { database: "mysql://db/roles" }) };
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

test("a cause that is known has no stack, one that is not has it without what drivers add", () => {
  const { lines, outage } = newLog();
  outage.begin(new DatabaseTrouble("It is down.", { cause: Object.assign(new Error("refused"), { sql: "s3cret" }) }));
  outage.begin(Object.assign(new TypeError("a bug"), { sql: "SELECT 's3cret'", parameters: ["s3cret"] }));
  expect(lines[0]).toMatchObject({ reason: "It is down.", cause: "refused" });
  expect(lines[0]).not.toHaveProperty("error");
  expect(lines[1]).toMatchObject({
    database: "mysql://db/roles",
    reason: "a bug",
    error: { type: "TypeError", stack: expect.stringContaining("outage-log.test") as string },
  });
  expect(JSON.stringify(lines)).not.toContain("s3cret");
});
