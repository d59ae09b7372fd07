import { randomUUID } from "node:crypto";
import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { membersOn } from "../support/members";
import { organizationIn, present, stageOn } from "../support/stage";

const validateOnly = true;

describe.each(engines)("with validate_only on $name", (engine) => {
  const stage = stageOn(engine);
  const { set, customRoles } = membersOn(stage);

  /** Everything that a deletion could change, events and revisions of both organizations among it. */
  const everythingIn = async (environmentId: string) => [
    await stage.environments.getEnvironment({ environmentId }),
    await stage.permissions.listPermissions({ environmentId }),
    await stage.roles.listEnvironmentRoles({ environmentId }),
    await stage.environments.listOrganizations({ environmentId }),
    await stage.events.listEvents({ environmentId }),
    ...(await Promise.all(
      ["acme", "globex"].map((organizationId) => organizationIn(stage, { environmentId, organizationId })),
    )),
  ];
  const expectUnchanged = async (environmentId: string, call: () => Promise<unknown>) => {
    const before = await everythingIn(environmentId);
    const outcome = await call();
    expect(await everythingIn(environmentId)).toEqual(before);
    return outcome;
  };

  test("DeletePermission counts the roles that have it", async () => {
    const environmentId = await stage.changingEnvironment();
    await customRoles({ environmentId, organizationId: "acme" }, "org-lead");
    const grant = { slug: "org-lead", permissions: ["invoices:read"] };
    await stage.roles.addRolePermissions({ environmentId, organizationId: "acme", ...grant });
    const key = { environmentId, slug: "invoices:read" };
    const remove = (more: object) => stage.permissions.deletePermission({ ...key, ...more });
    const preview = () => remove({ validateOnly });
    expect(await expectUnchanged(environmentId, preview)).toEqual({ affectedRoleCount: 2 });
    const unknown = () => failureOf(remove({ validateOnly, slug: "docs:none" }));
    expect(await expectUnchanged(environmentId, unknown)).toMatchObject({ reason: "PERMISSION_NOT_FOUND" });
    const stale = () => failureOf(remove({ validateOnly, etag: "stale" }));
    expect(await expectUnchanged(environmentId, stale)).toMatchObject({ reason: "ETAG_MISMATCH" });
    const { permission } = await stage.permissions.getPermission(key);
    const { etag } = present(permission);
    const current = () => remove({ validateOnly, etag });
    expect(await expectUnchanged(environmentId, current)).toEqual({ affectedRoleCount: 2 });
    expect(await remove({ etag })).toEqual({ affectedRoleCount: 2 });
    expect(await failureOf(preview())).toMatchObject({ reason: "PERMISSION_NOT_FOUND" });
  });

  test.each([false, true])(
    "DeleteOrganizationData counts what it would delete (erase_events: %s)",
    async (eraseEvents) => {
      const environmentId = await stage.environment();
      const scope = { environmentId, organizationId: "acme" };
      await customRoles(scope, "org-one", "org-two");
      for (const userId of ["ann", "bob", "cyd"]) await set(scope, userId);
      const remove = (more: object) => stage.environments.deleteOrganizationData({ ...scope, eraseEvents, ...more });
      const counts = { deletedRoleCount: 2, deletedMembershipCount: 3 };
      expect(await expectUnchanged(environmentId, () => remove({ validateOnly }))).toEqual(counts);
      const nothing = { deletedRoleCount: 0, deletedMembershipCount: 0 };
      const empty = () => remove({ validateOnly, organizationId: "initech" });
      expect(await expectUnchanged(environmentId, empty)).toEqual(nothing);
      expect(await remove({})).toEqual(counts);
      expect(await remove({ validateOnly })).toEqual(nothing);
      const unknown = remove({ validateOnly, environmentId: "none" });
      expect(await failureOf(unknown)).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
    },
  );

  test("DeleteEnvironment fails or counts like the deletion", async () => {
    const environmentId = await stage.changingEnvironment();
    await set({ environmentId, organizationId: "acme" }, "ann");
    const remove = (more: object) => stage.environments.deleteEnvironment({ environmentId, ...more });
    const refused = { reason: "ENVIRONMENT_NOT_EMPTY", metadata: { organization_count: "2" } };
    const preview = () => failureOf(remove({ validateOnly }));
    expect(await expectUnchanged(environmentId, preview)).toMatchObject(refused);
    const forced = () => remove({ validateOnly, force: true });
    expect(await expectUnchanged(environmentId, forced)).toEqual({ deletedOrganizationCount: 2 });
    for (const organizationId of ["acme", "globex"])
      await stage.environments.deleteOrganizationData({ environmentId, organizationId });
    const empty = () => remove({ validateOnly });
    expect(await expectUnchanged(environmentId, empty)).toEqual({ deletedOrganizationCount: 0 });
    expect(await remove({})).toEqual({ deletedOrganizationCount: 0 });
    expect(await failureOf(empty())).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
  });

  test("a request id is not used up", async () => {
    const environmentId = await stage.changingEnvironment();
    const key = { environmentId, slug: "invoices:read", requestId: randomUUID() };
    for (const _ of [1, 2])
      expect(await stage.permissions.deletePermission({ ...key, validateOnly })).toEqual({ affectedRoleCount: 1 });
    expect(await stage.permissions.deletePermission(key)).toEqual({ affectedRoleCount: 1 });
    expect(await stage.permissions.deletePermission(key)).toEqual({ affectedRoleCount: 1 });
  });
});
