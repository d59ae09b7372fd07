import { organizationRoles } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import { groupRoleChange } from "../../domain/event";
import type { GroupRoleView } from "../../domain/group-role";
import { parseSlug } from "../../domain/slug";
import { type GroupId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { findGroupRoles, identifyGroupRole } from "./group-role";

export interface SetGroupRole extends OrganizationScope {
  readonly groupId: string;
  readonly roleSlug: string;
  readonly requestId?: string | undefined;
}

/** Maps a group to a role. Throws ROLE_NOT_ASSIGNABLE. Locks the organization, and creates its row where there is none. */
export async function setGroupRole(
  dependencies: Dependencies,
  request: SetGroupRole,
  call: Call,
): Promise<GroupRoleView> {
  const fields = new Fields();
  const { scope, groupId, slug, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    groupId: fields.required<GroupId>("group_id", request.groupId, parseId),
    slug: fields.required("role_slug", request.roleSlug, parseSlug),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  const time = clock();
  return transactions.upsertOrganization(scope, context, async (stores, changes, state, organization) => {
    const effective = organizationRoles(state, organization);
    const role = effective.roles.find((other) => other.slug === slug);
    if (!role) throw refuse.roleNotAssignable([slug], ["role_slug"]);
    const { environment } = state;
    const [mapped] = await findGroupRoles(stores, state, organization, [groupId]);
    const before = mapped && identifyGroupRole(effective, organization, mapped);
    if (before?.roleId === role.id) return before.view;
    const groupRole = { groupId, roleId: role.id, createTime: mapped?.createTime ?? time, updateTime: time };
    await stores.groupRoles.put(environment.uid, organization.uid, groupRole);
    const after = identifyGroupRole(effective, organization, groupRole);
    changes.add({ environment, organization }, groupRoleChange(before, after));
    return after.view;
  });
}
