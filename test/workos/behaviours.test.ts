import { readFileSync } from "node:fs";
import { sqliteEngine } from "../support/engines";
import type { Trial } from "./behaviour-tests";
import { behaviours } from "./behaviours";
import { memberBehaviours } from "./behaviours-of-members";
import { roleBehaviours } from "./behaviours-of-roles";
import { startWorkos } from "./stage";

const attempts = { ...roleBehaviours, ...memberBehaviours };

/** The differences that are meant. A new one is a fault, unless it is decided and documented. */
const different = [18, 22, 39, 41, 58, 70, 77, 78, 79, 80, 81, 82, 84];

test("there are ninety behaviours, each tried or different on purpose, and none both", () => {
  expect(behaviours.map(({ id }) => id)).toEqual(Array.from({ length: 90 }, (_, index) => index + 1));
  expect(behaviours.flatMap(({ id, differs }) => (differs ? id : []))).toEqual(different);
  const tried = Object.keys(attempts).map(Number);
  expect([...tried, ...different].toSorted((one, other) => one - other)).toEqual(behaviours.map(({ id }) => id));
});

test("the guide names what differs", () => {
  const guide = readFileSync("docs/from-workos.md", "utf8");
  for (const word of ["hides", "is valid", "system permissions", "always `active`", "no deactivation"])
    expect(guide).toContain(word);
});

describe("tried", () => {
  let stage: Awaited<ReturnType<typeof startWorkos>>;
  let trial: Trial;
  beforeAll(async () => {
    stage = await startWorkos(sqliteEngine);
  });
  afterAll(() => stage?.service.drop());
  beforeEach(async () => {
    const { environments } = stage.service;
    await environments.deleteEnvironment({ environmentId: "alpha", force: true });
    await environments.createEnvironment({ environmentId: "alpha" });
    const workos = stage.by("alpha");
    for (const slug of ["a", "b", "c"]) await workos.authorization.createPermission({ slug, name: slug });
    const enableMultipleRoles = (enabled: boolean) => stage.enableMultipleRoles("alpha", enabled);
    trial = { workos, service: stage.service, organization: "acme", enableMultipleRoles };
  });

  test.each(behaviours.flatMap((one) => (attempts[one.id] ? [one] : [])))("$id: $says", async ({ id }) => {
    const attempt = attempts[id]?.(trial);
    await expect(attempt).resolves.toBeUndefined();
  });
});
