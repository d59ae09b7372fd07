import { refuse } from "../../src/domain/errors";

const isDefaultOf = (count: number, isEnvironmentDefault: boolean) =>
  refuse.replacementDefaultRoleRequired("replacement_default_role_slug", "member", {
    count,
    organizationIds: [],
    isEnvironmentDefault,
  });

test.each([
  [refuse.environmentExists("dev"), 'Environment "dev" already exists'],
  [
    refuse.roleInUse("org-x", 1, 1),
    'Role "org-x" is in use by 1 member and 1 group mapping; set replacement_role_slug',
  ],
  [refuse.roleInUse("org-x", 2, 0), 'Role "org-x" is in use by 2 members; set replacement_role_slug'],
  [refuse.roleInUse("org-x", 0, 3), 'Role "org-x" is in use by 3 group mappings; set replacement_role_slug'],
  [isDefaultOf(0, true), 'Role "member" is the default role of the environment; set replacement_default_role_slug'],
  [isDefaultOf(1, false), 'Role "member" is the default role of 1 organization; set replacement_default_role_slug'],
  [
    isDefaultOf(2, true),
    'Role "member" is the default role of the environment and 2 organizations; set replacement_default_role_slug',
  ],
  [refuse.organizationHasCustomRoles("acme", 1), 'Organization "acme" still has 1 custom role; delete it first'],
  [refuse.organizationHasCustomRoles("acme", 2), 'Organization "acme" still has 2 custom roles; delete them first'],
  [refuse.permissionUnknown(["a"]), 'Permission "a" does not exist in the environment'],
  [refuse.permissionUnknown(["a", "b"]), 'Permissions "a", "b" do not exist in the environment'],
  [refuse.roleNotAssignable(["a"], []), 'Role "a" is not an effective role of the organization'],
  [
    refuse.roleNotAssignable(["a", "b", "c", "d"], []),
    'Roles "a", "b", "c", … are not effective roles of the organization',
  ],
  [
    refuse.priorityOrderMismatch({ missing: ["a"], unknown: [], duplicate: ["b", "c"] }),
    'The priority order must contain every role of the scope exactly once (missing: "a"; duplicate: "b", "c")',
  ],
  [refuse.roleLimitReached("organizations/acme", 200), "The limit of 200 roles is reached"],
  [refuse.permissionLimitReached("roles/a", 1), "The limit of 1 permission is reached"],
  [
    refuse.invalidFields([{ field: "name", description: "is required" }], 2),
    "Invalid request: name is required (and 1 more violation)",
  ],
])("counts and lists read well: %s", ({ message }, expected) => {
  expect(message).toBe(expected);
});
