import { failureOf, readStatus } from "../support/client";
import { engines } from "../support/engines";
import { type Service, callOn, key, requiredFields, role, roleValues, rpcs, snakeCase } from "../support/field-rules";
import { present, stageOn } from "../support/stage";

const required = (...paths: string[]) => paths.map((field) => ({ field, description: "is required" }));

describe("what breaks a rule", () => {
  const stage = stageOn(present(engines[0]));

  test.each(rpcs)(
    "$rpc says of each field that it needs and does not have: is required",
    async ({ service, rpc, request }) => {
      await stage.environment();
      const own = requiredFields[rpc as keyof typeof requiredFields];
      for (const field of ["listEnvironments", "getCaller"].includes(rpc) ? own : ["environmentId", ...own])
        expect((await failureOf(callOn(stage, service, rpc, { ...request, [field]: "" }))).violations).toEqual([
          { field: snakeCase(field), description: "is required" },
        ]);
    },
  );

  const violations = async (service: Service, rpc: string, request: object) =>
    (await failureOf(callOn(stage, service, rpc, request))).violations;

  test("fields that a message of the request needs are required too", async () => {
    await stage.environment();
    const empty = { ...roleValues, name: "", displayName: "", multipleRolesEnabled: false };
    expect(await violations("roles", "updateRole", { ...key, role: empty, updateMask: ["name"] })).toEqual(
      required("role.name"),
    );
    expect(await violations("roles", "updateRole", { ...key, updateMask: ["permissions"] })).toEqual(required("role"));
    expect(
      await violations("permissions", "updatePermission", { ...key, permission: empty, updateMask: ["name"] }),
    ).toEqual(required("permission.name"));
    expect(
      await violations("environments", "updateEnvironment", {
        environmentId: "alpha",
        environment: empty,
        updateMask: ["display_name"],
      }),
    ).toEqual(required("environment.display_name"));
    const item = { organizationId: "", userId: "", roleSlugs: [] };
    expect(
      await violations("memberships", "batchSetMemberRoles", { environmentId: "alpha", memberships: [item] }),
    ).toEqual(required("memberships[0].organization_id", "memberships[0].user_id"));
    expect(await violations("roles", "createRole", { environmentId: "alpha", name: "X" })).toEqual(required("slug"));
    const checks = [{ organizationId: "", userId: "", permission: "" }];
    const { results } = await stage.access.batchCheckPermissions({ environmentId: "alpha", checks });
    expect(readStatus(present(present(results[0]).error)).violations).toEqual(
      required("organization_id", "user_id", "permission"),
    );
  });

  test.each(["organizationId", "slug", "requestId"])(
    "an optional %s that is set but empty has a rule to break",
    async (field) => {
      await stage.environment();
      const failure = await failureOf(stage.roles.createRole({ ...role, [field]: "" }));
      expect(failure.violations).toEqual([
        { field: snakeCase(field), description: expect.stringMatching(/^must be /) },
      ]);
    },
  );

  test.each([undefined, "", "org-viewer", "org-", "Viewer"])(
    "an environment role's slug is required and not %j",
    async (slug) => {
      const environmentId = await stage.environment();
      const failure = await failureOf(stage.roles.createRole({ environmentId, slug, name: "Viewer" }));
      expect(failure.violations.map(({ field }) => field)).toEqual(["slug"]);
    },
  );
});
