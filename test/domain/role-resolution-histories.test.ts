import * as fc from "fast-check";
import { deepEqual } from "node:assert/strict";
import { EagerEnvironment } from "../histories/model";
import { LazyEnvironment } from "./lazy-environment";

const step = fc.record({
  action: fc.constantFrom(
    "create",
    "custom",
    "delete",
    "deleteCustom",
    "default",
    "priority",
    "reset",
    "multiple",
    "member",
    "member",
    "sweep",
  ),
  one: fc.nat(59),
  other: fc.nat(59),
  many: fc.array(fc.nat(59), { maxLength: 3 }),
});

const pick = (from: readonly string[], number: number) => from[number % from.length] as string;

test("what is read through the rules is what a model reads that rewrites everything at once", () => {
  const numRuns = Number(process.env["ORGROLES_TEST_SUCCESSIONS"] ?? 3000);
  const failure = fc.check(
    fc.property(fc.array(step, { minLength: 60, maxLength: 80 }), (all) => {
      const lazy = new LazyEnvironment();
      const eager = new EagerEnvironment();
      all.forEach(({ action, one, other, many }, index) => {
        const order = eager.orderOf("acme");
        const { own: config, custom } = eager.organization("acme");
        const inOrganization = config !== undefined && one % 2 === 0;
        const scope = inOrganization ? "acme" : undefined;
        const among = inOrganization ? order : eager.order;
        const shuffled = among.toSorted(
          (a, b) => ((a.charCodeAt(1) * (other + 3)) % 23) - ((b.charCodeAt(1) * (other + 3)) % 23),
        );
        const both = (tell: (world: LazyEnvironment) => void, model: () => void) => (model(), tell(lazy));
        switch (action) {
          case "create":
            both(
              (world) => world.createRole(`e${index}`),
              () => eager.createRole(undefined, `e${index}`, []),
            );
            break;
          case "custom":
            both(
              (world) => world.createCustomRole(`c${index}`),
              () => eager.createRole("acme", `c${index}`, []),
            );
            break;
          case "delete": {
            const [gone, replacement] = [pick(eager.order, one), pick(eager.order, other)];
            if (gone !== replacement)
              both(
                (world) => world.deleteRole(gone, replacement),
                () => eager.deleteEnvironmentRole(gone, replacement),
              );
            break;
          }
          case "deleteCustom": {
            const [gone, replacement] = [pick([...custom], one), pick(order, other)];
            if (gone && gone !== replacement)
              both(
                (world) => world.deleteCustomRole(gone, replacement),
                () => eager.deleteOrgRole("acme", gone, replacement),
              );
            break;
          }
          case "default":
            both(
              (world) => world.setDefault(pick(among, other), inOrganization),
              () => eager.setDefault(scope, pick(among, other)),
            );
            break;
          case "priority":
            both(
              (world) => world.setPriority(shuffled, inOrganization),
              () => eager.setPriority(scope, shuffled),
            );
            break;
          case "reset":
            if (!custom.size)
              both(
                (world) => world.reset(),
                () => eager.reset("acme"),
              );
            break;
          case "multiple":
            both(
              (world) => world.setMultiple(one % 2 === 0),
              () => eager.setMultiple(one % 2 === 0),
            );
            break;
          case "member": {
            const given = [...new Set(many.map((number) => pick(order, number)))].slice(0, eager.multiple ? 3 : 1);
            both(
              (world) => world.setMember(pick(["ann", "bob", "cyd"], one), given),
              () => eager.setMember("acme", pick(["ann", "bob", "cyd"], one), given),
            );
            break;
          }
          default:
            lazy.sweep(one);
        }
        const expected = {
          order: eager.orderOf("acme"),
          defaultId: eager.defaultOf("acme"),
          held: [...eager.organization("acme").members].map(([user, held]) => [user, [...held].sort()]),
        };
        deepEqual(lazy.read(), expected);
      });
    }),
    { numRuns },
  );
  expect(fc.defaultReportMessage(failure)).toBeUndefined();
});
