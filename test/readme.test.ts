import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Outcome, expectPrinted, follow, runStepsOf } from "./support/follow";
import { type ServiceProcess, startProcess } from "./support/process";
import { callers, tour, tourWith } from "./support/tour";

const present = (program: string) => {
  try {
    execFileSync("which", [program]);
    return true;
  } catch {
    return false;
  }
};

test("the tour has a caller for grpcurl and one for buf, and steps whose answers are shown", () => {
  expect(callers).toEqual(["grpcurl", "buf"]);
  expect(runStepsOf(tour).filter(({ expected }) => expected).length).toBeGreaterThanOrEqual(5);
});

const usable = callers.filter((caller) => caller === "buf" || present(caller));
if (usable.length < callers.length) test.todo("the tour with grpcurl, which is not on this machine");

describe.each(usable)("the tour with %s", (caller) => {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  const blocks = tourWith(caller);
  const steps = runStepsOf(blocks).map((step, index) => ({ step, index, call: /call (\S+)/.exec(step.commands)?.[1] }));
  let service: ServiceProcess;
  let outcomes: Outcome[] = [];

  beforeAll(async () => {
    const database = `sqlite:${folder}/tour.db`;
    service = await startProcess({ ORGROLES_DATABASE_URL: database, ORGROLES_ENVIRONMENTS: "dev" });
    outcomes = await follow(blocks, {
      folder: process.cwd(),
      address: service.address,
      httpAddress: service.httpAddress,
      database,
    });
  }, 120_000);

  afterAll(async () => {
    await service?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(steps)("step $index, $call, answers as the page says", ({ step, index }) => {
    const outcome = outcomes[index];
    expect(outcome).toHaveProperty("failure", step.fails ? expect.any(String) : undefined);
    expectPrinted(outcome, step);
    if (step.commands.startsWith("curl")) expect(outcome?.output).toContain('"slug":"member"');
  });
});
