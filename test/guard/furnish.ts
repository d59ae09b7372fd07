import type { createServices } from "../../src/app/services";
import { type Call, ownCall } from "../../src/application/request/idempotency";
import type { UserId } from "../../src/domain/values";

export type Services = ReturnType<typeof createServices>;

/** Returns a call for which a backend acts for a user; for itself without one. */
export const callFor = (user: string): Call => ({
  ...ownCall,
  author: { actor: "backend", actingUserId: user as UserId | "", callId: "call-1" },
});

/** The owner of each of the organizations, who is no member of the other. */
export const owners = { acme: "ann", globex: "gus" };

/**
 * Fills an environment with two organizations that look alike: an owner with all permissions, `bob` with `docs:read`, `eve`
 * with nothing, and two custom roles, of which `org-lead` has all permissions.
 */
export async function furnish(services: Services, environmentId: string, guard = true): Promise<void> {
  const { environments, permissions, roles, memberships, groupRoles } = services;
  const text = { name: "Any", description: "" };
  await environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
  for (const slug of ["docs:read", "docs:write"])
    await permissions.createPermission({ environmentId, slug, ...text }, ownCall);
  const all = ["docs:read", "docs:write"];
  await roles.createRole({ environmentId, slug: "owner", permissions: all, ...text }, ownCall);
  await roles.createRole({ environmentId, slug: "reader", permissions: ["docs:read"], ...text }, ownCall);
  for (const [organizationId, owner] of Object.entries(owners)) {
    const place = { environmentId, organizationId };
    await roles.createRole({ ...place, slug: "org-lead", permissions: all, ...text }, ownCall);
    await roles.createRole({ ...place, slug: "org-plain", permissions: [], ...text }, ownCall);
    for (const [userId, slug] of [
      [owner, "owner"],
      ["bob", "reader"],
      ["eve", "member"],
    ] as const)
      await memberships.setMemberRoles({ ...place, userId, roleSlugs: [slug] }, ownCall);
    await groupRoles.setGroupRole({ ...place, groupId: "chiefs", roleSlug: "owner" }, ownCall);
  }
  if (guard) await switchGuard(services, environmentId, true, ownCall);
}

export const switchGuard = (services: Services, environmentId: string, on: boolean, call: Call) =>
  services.environments.updateEnvironment(
    {
      environmentId,
      environment: { displayName: "", multipleRolesEnabled: false, escalationGuardEnabled: on },
      updateMask: ["escalation_guard_enabled"],
    },
    call,
  );
