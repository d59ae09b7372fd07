import type { PermissionCheckResult } from "../../gen/orgroles/v1/access_service";
import { failureOf, readStatus } from "../support/client";
import { engines } from "../support/engines";
import { membersOn } from "../support/members";
import { present, stageOn } from "../support/stage";

const organizationId = "acme";

const allowed = (...grantedBy: string[]) => ({ allowed: true, grantedBy, nearestRoles: [], reason: "" });
const refused = (reason: string, ...nearestRoles: string[]) => ({
  allowed: false,
  grantedBy: [],
  nearestRoles,
  reason,
});
const notGranted = (...nearestRoles: string[]) => refused("PERMISSION_NOT_GRANTED", ...nearestRoles);

const outcome = ({ error, ...result }: PermissionCheckResult) => (error ? readStatus(error) : result);

const checkOf = (organization: string, userId: string, permission: string) => ({
  organizationId: organization,
  userId,
  permission,
});

const broken = (message: string, ...fields: string[]) => ({
  code: "INVALID_ARGUMENT",
  reason: "INVALID_FIELDS",
  domain: "orgroles",
  metadata: { violation_count: String(fields.length) },
  message: expect.stringContaining(message),
  violations: fields.map((field) => ({ field, description: expect.stringMatching(/^(?:must be |is required$)/) })),
  preconditions: [],
  quota: [],
  retryDelay: undefined,
});

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const members = membersOn(stage);
  const acme = async () => ({ environmentId: await stage.environment(), organizationId });
  const acmeAlone = async () => ({ environmentId: await stage.changingEnvironment(), organizationId });
  const grant = (environmentId: string, slug: string, ...permissions: string[]) =>
    stage.roles.createRole({ environmentId, slug, name: slug, permissions });
  const grantOwn = (scope: { environmentId: string; organizationId: string }, slug: string, ...permissions: string[]) =>
    stage.roles.createRole({ ...scope, slug, name: slug, permissions });

  test("a session gets the primary role, all roles and the union of their permissions, sorted", async () => {
    const scope = await acmeAlone();
    const { environmentId } = scope;
    await members.allowSeveral(environmentId, true);
    await grant(environmentId, "payer", "reports:read", "invoices:pay");
    await grantOwn(scope, "org-own", "invoices:read", "reports:read");
    await stage.roles.setPriority({ ...scope, slugs: ["org-own", "member", "payer", "admin"] });
    const userId = "ann";
    await members.set(scope, userId, "payer", "org-own");
    expect(await stage.access.getAccess({ ...scope, userId })).toEqual({
      role: "org-own",
      roles: ["org-own", "payer"],
      permissions: ["invoices:pay", "invoices:read", "reports:read"],
    });
    await members.set(scope, userId, "member");
    const access = { role: "member", roles: ["member"], permissions: [] };
    expect(await stage.access.getAccess({ ...scope, userId })).toEqual(access);
  });

  test("who is no member has no session, in organizations with data and without", async () => {
    const scope = await acme();
    await members.set(scope, "bob", "admin");
    for (const organization of ["acme", "globex", "never-seen"]) {
      const key = { ...scope, organizationId: organization, userId: "ann" };
      expect(await failureOf(stage.access.getAccess(key))).toMatchObject({
        code: "NOT_FOUND",
        reason: "MEMBERSHIP_NOT_FOUND",
        metadata: { organization_id: organization, user_id: "ann" },
      });
    }
  });

  test("a permission is granted by all the roles that have it, in the organization's order", async () => {
    const scope = await acmeAlone();
    const { environmentId } = scope;
    await members.allowSeveral(environmentId, true);
    await grant(environmentId, "payer", "invoices:pay", "invoices:read");
    await grantOwn(scope, "org-own", "invoices:read");
    await members.set(scope, "ann", "member", "admin", "payer", "org-own");
    const check = { ...scope, userId: "ann", permission: "invoices:read" };
    expect(await stage.access.checkPermission(check)).toEqual(allowed("admin", "payer", "org-own"));
    await stage.roles.setPriority({ ...scope, slugs: ["org-own", "payer", "member", "admin"] });
    expect(await stage.access.checkPermission(check)).toEqual(allowed("org-own", "payer", "admin"));
    const pay = { ...check, permission: "invoices:pay" };
    expect(await stage.access.checkPermission(pay)).toEqual(allowed("payer"));
  });

  test("what changes in roles and their permissions is seen by the next check", async () => {
    const scope = await acme();
    const key = { ...scope, slug: "org-own" };
    await grantOwn(scope, "org-own");
    await members.set(scope, "ann", "org-own");
    const check = () => stage.access.checkPermission({ ...scope, userId: "ann", permission: "invoices:pay" });
    expect(await check()).toEqual(notGranted());
    await stage.roles.addRolePermissions({ ...key, permissions: ["invoices:pay"] });
    expect(await check()).toEqual(allowed("org-own"));
    await members.set(scope, "ann", "member");
    expect(await check()).toEqual(notGranted("org-own"));
    await members.set(scope, "ann", "org-own");
    await stage.roles.removeRolePermissions({ ...key, permissions: ["invoices:pay"] });
    expect(await check()).toEqual(notGranted());
    await stage.memberships.deleteMembership({ ...scope, userId: "ann" });
    expect(await check()).toEqual(refused("MEMBERSHIP_NOT_FOUND"));
  });

  test("those roles are nearest that add the fewest others to what the user has, else the higher ones", async () => {
    const scope = await acmeAlone();
    const { environmentId } = scope;
    for (const slug of ["a", "b", "c"]) await stage.permissions.createPermission({ environmentId, slug, name: slug });
    await grant(environmentId, "has-a-b", "a", "b");
    await grant(environmentId, "all", "a", "b", "c", "invoices:pay");
    await grant(environmentId, "with-c", "c", "invoices:pay");
    await grant(environmentId, "with-a-b", "a", "b", "invoices:pay");
    await grant(environmentId, "with-reports", "reports:read", "invoices:pay");
    await grantOwn(scope, "org-own", "invoices:pay");
    await grantOwn(scope, "org-other", "c");
    await members.set(scope, "ann", "has-a-b");
    const check = { ...scope, userId: "ann", permission: "invoices:pay" };
    // "all" and "with-c" add c, "with-reports" adds reports:read, the others add nothing
    expect(await stage.access.checkPermission(check)).toEqual(
      notGranted("with-a-b", "org-own", "all", "with-c", "with-reports"),
    );
    const granting = ["org-own", "with-reports", "with-c", "with-a-b", "all"];
    const slugs = [...granting, "member", "admin", "has-a-b", "org-other"];
    await stage.roles.setPriority({ ...scope, slugs });
    expect(await stage.access.checkPermission(check)).toEqual(
      notGranted("org-own", "with-a-b", "with-reports", "with-c", "all"),
    );
    await members.set(scope, "ann", "member");
    expect(await stage.access.checkPermission(check)).toEqual(
      notGranted("org-own", "with-reports", "with-c", "with-a-b", "all"),
    );
    const inGlobex = { ...check, organizationId: "never-seen" };
    expect(await stage.access.checkPermission(inGlobex)).toEqual(
      refused("MEMBERSHIP_NOT_FOUND", "with-c", "with-reports", "with-a-b", "all"),
    );
  });

  test("at most ten roles are named, the nearest of them all", async () => {
    const scope = await acmeAlone();
    const slugs = Array.from({ length: 11 }, (_, index) => `r${index}`);
    for (const slug of slugs) await grant(scope.environmentId, slug, "invoices:pay", "reports:read");
    await members.set(scope, "ann", "member");
    const check = { ...scope, userId: "ann", permission: "invoices:pay" };
    expect(await stage.access.checkPermission(check)).toEqual(notGranted(...slugs.slice(0, 10)));
    await grantOwn(scope, "org-nearest", "invoices:pay");
    expect(await stage.access.checkPermission(check)).toEqual(notGranted("org-nearest", ...slugs.slice(0, 9)));
  });

  test("who is no member is told which roles would grant it", async () => {
    const scope = await acme();
    const check = { ...scope, userId: "ann", permission: "invoices:read" };
    for (const organization of ["acme", "globex", "never-seen"])
      expect(await stage.access.checkPermission({ ...check, organizationId: organization })).toEqual(
        refused("MEMBERSHIP_NOT_FOUND", "admin"),
      );
  });

  test("a permission that the environment does not have is refused as such, to members and to others", async () => {
    const scope = await acme();
    await stage.permissions.createPermission({
      environmentId: await stage.environment(),
      slug: "elsewhere",
      name: "E",
    });
    await members.set(scope, "ann", "admin");
    for (const userId of ["ann", "bob"])
      for (const permission of ["elsewhere", "unknown", "invoices:", "*"])
        expect(await stage.access.checkPermission({ ...scope, userId, permission })).toEqual(
          refused("PERMISSION_UNKNOWN"),
        );
  });

  test("the star and other delimiters are characters, not patterns", async () => {
    const scope = await acme();
    const { environmentId } = scope;
    for (const slug of ["invoices:*", "_nvoices:pay"])
      await stage.permissions.createPermission({ environmentId, slug, name: slug });
    await grantOwn(scope, "org-own", "invoices:*", "_nvoices:pay");
    await members.set(scope, "ann", "org-own");
    const check = (permission: string) => stage.access.checkPermission({ ...scope, userId: "ann", permission });
    expect(await check("invoices:*")).toEqual(allowed("org-own"));
    expect(await check("invoices:pay")).toEqual(notGranted());
  });

  test("a batch answers each check in its place, and what cannot be answered by an error of its own", async () => {
    const scope = await acme();
    const { environmentId } = scope;
    await members.set(scope, "ann", "admin");
    const { results } = await stage.access.batchCheckPermissions({
      environmentId,
      checks: [
        checkOf("acme", "ann", "invoices:read"),
        checkOf("", "two words", "Upper"),
        checkOf("globex", "gil", "invoices:read"),
        checkOf("acme", "ann", "unknown"),
        checkOf("never-seen", "ann", "invoices:read"),
        checkOf("acme", "ann", ""),
        checkOf("globex", "ann", "invoices:pay"),
        checkOf("acme", "ann", "invoices:read"),
      ],
    });
    expect(results.map(outcome)).toEqual([
      allowed("admin"),
      broken("Invalid request: organization_id is required", "organization_id", "user_id", "permission"),
      notGranted("admin"),
      refused("PERMISSION_UNKNOWN"),
      refused("MEMBERSHIP_NOT_FOUND", "admin"),
      broken("Invalid request: permission is required", "permission"),
      refused("MEMBERSHIP_NOT_FOUND"),
      allowed("admin"),
    ]);
    const errors = results.filter(({ error }) => error);
    for (const { error: _, ...rest } of errors) expect(rest).toEqual(refused(""));
    const alone = await failureOf(stage.access.checkPermission({ ...scope, userId: "ann", permission: "" }));
    expect(outcome(present(errors[1]))).toEqual(alone);
  });

  test("a batch in an environment that is not there is refused as a whole, even if no check is valid", async () => {
    const check = { organizationId: "", userId: "", permission: "" };
    await stage.environment();
    const call = stage.access.batchCheckPermissions({ environmentId: "nowhere", checks: [check] });
    expect(await failureOf(call)).toMatchObject({
      code: "NOT_FOUND",
      reason: "ENVIRONMENT_NOT_FOUND",
      metadata: { environment_id: "nowhere" },
    });
  });

  test("a thousand checks of many organizations are answered as they would be alone", async () => {
    const environmentId = await stage.environment();
    const organizations = Array.from({ length: 20 }, (_, index) => `o${index}`);
    const roles = ["member", "admin", "org-own"];
    const custom = organizations.filter((_, index) => index % 2);
    for (const id of custom) await grantOwn({ environmentId, organizationId: id }, "org-own", "invoices:pay");
    const memberships = organizations.flatMap((id, index) =>
      roles
        .slice(0, index % 2 ? 3 : 2)
        .map((slug) => ({ organizationId: id, userId: `has-${slug}`, roleSlugs: [slug] })),
    );
    await stage.memberships.batchSetMemberRoles({ environmentId, memberships });
    const users = ["has-member", "has-admin", "has-org-own", "stranger", "has-admin"];
    const permissions = ["invoices:read", "invoices:pay", "unknown", "reports:read"];
    const checks = Array.from({ length: 1000 }, (_, index) => ({
      organizationId: present(organizations[index % 20]),
      userId: present(users[Math.floor(index / 20) % 5]),
      permission: present(permissions[Math.floor(index / 100) % 4]),
    }));
    const { results } = await stage.access.batchCheckPermissions({ environmentId, checks });

    const expected = checks.map(({ organizationId: id, userId, permission }) => {
      const own = custom.includes(id);
      const granting = { "invoices:read": ["admin"], "invoices:pay": own ? ["org-own"] : [] }[permission] ?? [];
      if (permission === "unknown") return refused("PERMISSION_UNKNOWN");
      if (userId === "stranger" || (userId === "has-org-own" && !own))
        return refused("MEMBERSHIP_NOT_FOUND", ...granting);
      return granting.some((slug) => userId === `has-${slug}`) ? allowed(...granting) : notGranted(...granting);
    });
    expect(results.map(outcome)).toEqual(expected);
    for (const index of [0, 21, 122, 399, 661])
      expect(await stage.access.checkPermission({ environmentId, ...present(checks[index]) })).toEqual(expected[index]);
  });
});
