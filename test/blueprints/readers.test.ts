import * as fc from "fast-check";
import { Writable } from "node:stream";
import { type Services, createServices } from "../../src/app/services";
import type { Blueprint } from "../../src/application/blueprints/blueprint";
import { exportBlueprints } from "../../src/cli/blueprints/export";
import { write } from "../../src/cli/blueprints/write";
import { defaultQuotas } from "../../src/domain/limits";
import { documentsOf, oddIds } from "../support/blueprint-documents";
import { state } from "../support/blueprint-states";
import { engines } from "../support/engines";
import { hasPyYaml, PyYaml } from "../support/python-yaml";
import { type TestStorage, environmentId, openStorage } from "../support/storage";

if (!hasPyYaml) test.todo("what PyYAML makes of exports, because this machine has no PyYAML");

let python: PyYaml;
beforeAll(() => {
  if (hasPyYaml) python = new PyYaml();
});
afterAll(() => python?.close());

const tests = hasPyYaml ? describe : describe.skip;

tests("PyYAML, which reads YAML 1.1,", () => {
  test("takes every id for the text that it is", async () => {
    const groups = new Map(oddIds.map((id) => [id, "member"]));
    const blueprints = oddIds.map((id): Blueprint => ({ kind: "organization", organizationId: id, groups }));
    const text = blueprints.map((one) => write("dev", one)).join("");
    const { documents } = await python.rewrite({ text, sort_keys: false, explicit_start: false });
    expect(documents).toEqual(oddIds.map((organization) => ({ organization, groups: Object.fromEntries(groups) })));
  });
});

const exported = async ({ blueprints }: Services, id: string) => {
  let text = "";
  const output = new Writable({
    write: (chunk: Buffer, _, done) => {
      text += chunk.toString();
      done();
    },
  });
  await exportBlueprints(blueprints, id, { members: true, only: undefined }, output);
  return text;
};
const applyText = async ({ blueprints }: Services, text: string) => {
  let id = "";
  for (const document of await documentsOf(text, 65_536)) {
    id = document.environmentId ?? id;
    for (const one of document.blueprints) await blueprints.apply(environmentId(id), one, { prune: false });
  }
};

tests.each(engines)("on $name", (engine) => {
  let storages: TestStorage[];
  let here: Services;
  let there: Services;
  beforeAll(async () => {
    storages = [await openStorage(engine), await openStorage(engine)];
    [here, there] = storages.map(({ database }) => createServices(database, defaultQuotas, Date.now)) as [
      Services,
      Services,
    ];
  });
  afterAll(async () => {
    for (const storage of storages) await storage.drop();
  });

  let made = 0;
  test("a state that is exported, rewritten by PyYAML and applied elsewhere is exported to the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(state, fc.boolean(), fc.boolean(), async (blueprints, sorts, marks) => {
        const id = oddIds[made] ?? `dev-${made}`;
        made += 1;
        for (const one of blueprints) await here.blueprints.apply(environmentId(id), one, { prune: true });
        const text = await exported(here, id);
        const { written } = await python.rewrite({ text, sort_keys: sorts, explicit_start: marks });
        await applyText(there, written);
        expect(await exported(there, id)).toBe(text);
      }),
      { numRuns: engine.name === "sqlite" ? 100 : 10 },
    );
  });
});
