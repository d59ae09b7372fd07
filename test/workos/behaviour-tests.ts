import type { WorkOS } from "@workos-inc/node";
import type { TestService } from "../support/service";
import { failure } from "./stage";

/** What a behaviour is tried with: an environment with the permissions `a`, `b` and `c`, and an organization of its own. */
export interface Trial {
  readonly workos: WorkOS;
  readonly service: TestService;
  readonly organization: string;
  readonly enableMultipleRoles: (enabled: boolean) => Promise<unknown>;
}

export type Attempt = (trial: Trial) => Promise<void>;

export const slugsOf = ({ data }: { data: readonly { slug: string }[] }) => data.map(({ slug }) => slug);

/** Creates a custom role of the trial's organization. */
export const custom = ({ workos, organization }: Trial, name: string, slug?: string) =>
  workos.authorization.createOrganizationRole(organization, { name, ...(slug !== undefined && { slug }) });

export const member = (
  { workos, organization }: Trial,
  userId: string,
  roles: { roleSlug?: string; roleSlugs?: string[] } = {},
) => workos.userManagement.createOrganizationMembership({ organizationId: organization, userId, ...roles });

export const roleOf = async ({ workos }: Trial, id: string) =>
  (await workos.userManagement.getOrganizationMembership(id)).role.slug;

export const rolesIn = async ({ workos, organization }: Trial) =>
  slugsOf(await workos.authorization.listOrganizationRoles(organization));

export const allows = async ({ workos, organization }: Trial, id: string, permissionSlug: string) =>
  (await workos.authorization.check({ organizationMembershipId: id, permissionSlug, resourceId: organization }))
    .authorized;

/** Expects a call to be refused with a status. */
export async function refused(call: Promise<unknown>, status: number): Promise<void> {
  expect((await failure(call)).status).toBe(status);
}

/** Expects each of some calls to be refused with a status. */
export async function allRefused(calls: readonly (() => Promise<unknown>)[], status: number): Promise<void> {
  for (const call of calls) await refused(call(), status);
}
