import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, stageOn } from "../support/stage";

const stage = stageOn(present(engines[0]));

const updates = {
  updateRole: async (environmentId: string, updateMask: string[] | undefined, changes: object | undefined) => {
    const { role } = await stage.roles.getRole({ environmentId, slug: "admin" });
    const values = changes && { ...present(role), ...changes };
    return stage.roles.updateRole({ environmentId, slug: "admin", role: values, updateMask });
  },
  updatePermission: async (environmentId: string, updateMask: string[] | undefined, changes: object | undefined) => {
    const key = { environmentId, slug: "invoices:pay" };
    const { permission } = await stage.permissions.getPermission(key);
    const values = changes && { ...present(permission), ...changes };
    return stage.permissions.updatePermission({ ...key, permission: values, updateMask });
  },
  updateEnvironment: async (environmentId: string, updateMask: string[] | undefined, changes: object | undefined) => {
    const { environment } = await stage.environments.getEnvironment({ environmentId });
    const values = changes && { ...present(environment), ...changes };
    return stage.environments.updateEnvironment({ environmentId, environment: values, updateMask });
  },
};

const broken = { name: "", displayName: "" };
const namesIn = (answer: object) =>
  Object.values(answer).map(
    (resource: { name?: string; displayName?: string }) => resource.name ?? resource.displayName,
  );

describe.each([
  ["updateRole", "role", "name", ["name", "description", "permissions"]],
  ["updatePermission", "permission", "name", ["name", "description"]],
  [
    "updateEnvironment",
    "environment",
    "display_name",
    ["display_name", "multiple_roles_enabled", "escalation_guard_enabled"],
  ],
] as const)("%s", (rpc, message, path, paths) => {
  const violationsOf = async (updateMask: string[] | undefined, changes: object | undefined) => {
    const environmentId = await stage.environment();
    const failure = await failureOf(updates[rpc](environmentId, updateMask, changes));
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_FIELDS" });
    return failure.violations;
  };

  test.each([undefined, []])("needs a mask, and %j is none", async (mask) => {
    expect(await violationsOf(mask, {})).toEqual([
      { field: "update_mask", description: `is required: one or more of ${paths.join(", ")}` },
    ]);
  });

  test.each([
    "*",
    "",
    "etag",
    "id",
    "is_default",
    "create_time",
    `${message}.${path}`,
    path.toUpperCase(),
    "__proto__",
  ])("refuses the path %j", async (unknown) => {
    expect(await violationsOf([path, unknown], {})).toEqual([
      { field: "update_mask.paths[1]", description: `must be one of ${paths.join(", ")}` },
    ]);
  });

  test("needs the new values", async () => {
    expect(await violationsOf([paths[1]], undefined)).toMatchObject([{ field: message, description: "is required" }]);
  });

  test("refuses a new value that breaks a rule under its path", async () => {
    expect((await violationsOf([...paths], broken)).map(({ field }) => field)).toEqual([`${message}.${path}`]);
  });

  test("does not read values that it does not name", async () => {
    const environmentId = await stage.changingEnvironment();
    const answer = await updates[rpc](environmentId, [paths[1]], broken);
    expect(namesIn(answer)).toEqual([expect.stringMatching(/./)]);
  });

  test("takes a path twice for once", async () => {
    const environmentId = await stage.changingEnvironment();
    const answer = await updates[rpc](environmentId, [path, path], { name: "New", displayName: "New" });
    expect(Object.values(answer)[0]).toMatchObject(
      rpc === "updateEnvironment" ? { displayName: "New" } : { name: "New" },
    );
  });
});

test.each(["updateRole", "updatePermission"] as const)("%s never changes a slug", async (rpc) => {
  const environmentId = await stage.environment();
  const slug = rpc === "updateRole" ? "admin" : "invoices:pay";
  expect(await failureOf(updates[rpc](environmentId, ["name", "slug"], { name: "New", slug: "new" }))).toMatchObject({
    code: "INVALID_ARGUMENT",
    reason: "SLUG_IMMUTABLE",
    metadata: { slug },
    message: `Slug "${slug}" cannot be changed; remove slug from update_mask`,
    violations: [{ field: "update_mask", description: "must not contain slug: a slug never changes" }],
  });
});

test("a slug that is none is refused before it is immutable", async () => {
  const environmentId = await stage.environment();
  for (const call of [
    () => stage.roles.updateRole({ environmentId, slug: "NONE", updateMask: ["slug"] }),
    () => stage.permissions.updatePermission({ environmentId, slug: "NONE", updateMask: ["slug"] }),
  ]) {
    const failure = await failureOf(call());
    expect(failure).toMatchObject({ reason: "INVALID_FIELDS" });
    expect(failure.violations.map(({ field }) => field)).toContain("slug");
  }
});
