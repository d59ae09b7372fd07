import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { callOn, fieldRules, rpcs, snakeCase } from "../support/field-rules";
import { present, stageOn } from "../support/stage";

describe("what breaks a rule", () => {
  const stage = stageOn(present(engines[0]));

  test("every RPC has its rules here", () => {
    for (const service of ["roles", "environments", "permissions", "memberships", "access", "events"] as const)
      expect(Object.keys(fieldRules[service]).toSorted()).toEqual(Object.keys(stage[service]).toSorted());
  });

  test.each(rpcs)("$rpc names the field, whatever else is right", async ({ service, rpc, request, values }) => {
    await stage.environment();
    for (const [field, broken] of Object.entries(values))
      for (const value of broken) {
        const failure = await failureOf(callOn(stage, service, rpc, { ...request, [field]: value }));
        const path = snakeCase(field) + (Array.isArray(value) && value.length ? "[0]" : "");
        expect([value, failure.code, failure.reason]).toEqual([value, "INVALID_ARGUMENT", "INVALID_FIELDS"]);
        expect(failure.metadata).toEqual({ violation_count: "1" });
        expect(failure.violations).toEqual([{ field: path, description: expect.stringMatching(/^(?:must|is) /) }]);
      }
  });

  test("all violations come at once, and nothing is read before", async () => {
    await stage.environment();
    const failure = await failureOf(
      stage.roles.createRole({
        environmentId: "no such environment",
        organizationId: "",
        slug: "x",
        name: "",
        description: "\0",
        permissions: ["ok", "not ok", "", "ok"],
        requestId: "x",
      }),
    );
    expect(failure.violations.map(({ field }) => field)).toEqual([
      "environment_id",
      "organization_id",
      "slug",
      "name",
      "description",
      "permissions[1]",
      "permissions[2]",
      "request_id",
    ]);
    expect(failure.metadata).toEqual({ violation_count: "8" });
    expect(failure.message).toMatch(/^Invalid request: environment_id must be .+ \(and 7 more violations\)$/);
  });

  test("a batch has 1 to 1000 items, and of more none is looked at", async () => {
    await stage.environment();
    const tooMany = Array.from({ length: 1001 }, () => ({ organizationId: "", userId: "", roleSlugs: [] }));
    for (const [service, rpc, field] of [
      ["memberships", "batchSetMemberRoles", "memberships"],
      ["access", "batchCheckPermissions", "checks"],
    ] as const)
      for (const items of [[], tooMany]) {
        const batch =
          rpc === "batchSetMemberRoles" ? items : items.map(() => ({ organizationId: "", userId: "", permission: "" }));
        const failure = await failureOf(callOn(stage, service, rpc, { environmentId: "alpha", [field]: batch }));
        expect(failure).toMatchObject({
          code: "INVALID_ARGUMENT",
          reason: "INVALID_FIELDS",
          metadata: { violation_count: "1" },
          violations: [{ field, description: "must be 1–1000 items" }],
        });
      }
  });
});
