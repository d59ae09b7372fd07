import type { OrganizationView } from "../../domain/organization-view";
import { unresolvedGroupRoles } from "../../domain/role-resolution";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";

export interface CountedOrganization {
  readonly organization: OrganizationView;
  readonly membershipCount: number;
  readonly groupRoleCount: number;
}

/** Returns an organization. One without data inherits, and has nothing to count. Takes as long as it has members. */
export async function getOrganization(
  dependencies: Dependencies,
  request: OrganizationScope,
  { signal }: Call,
): Promise<CountedOrganization> {
  const fields = new Fields();
  const { scope } = fields.check({ scope: parseOrganizationScope(fields, request) });

  return dependencies.transactions.read(scope, signal, async (stores, { state, organization }) => {
    const { uid } = state.environment;
    return {
      organization: {
        ...scope,
        inheritsEnvironment: organization?.own === undefined,
        customRoleCount: organization?.customRoles.length ?? 0,
      },
      membershipCount: organization ? await stores.memberships.count(uid, organization.uid) : 0,
      groupRoleCount: organization
        ? await stores.groupRoles.countAll(uid, organization.uid, unresolvedGroupRoles(state, organization))
        : 0,
    };
  });
}
