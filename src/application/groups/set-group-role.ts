import { organizationRoles } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import type { GroupRoleView } from "../../domain/group-role";
import { parseSlug } from "../../domain/slug";
import { type GroupId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseOrganizationScope } from "../request/scope";
import type { DeleteGroupRole } from "./delete-group-role";
import { findMapped, viewGroupRole } from "./group-role";

export interface SetGroupRole extends DeleteGroupRole {
  readonly roleSlug: string;
}

export async function setGroupRole(
  dependencies: Dependencies,
  request: SetGroupRole,
  call: Call,
): Promise<GroupRoleView> {
  const fields = new Fields();
  const { environmentId, organizationId } = parseOrganizationScope(fields, request);
  const groupId = fields.required<GroupId>("group_id", request.groupId, parseId);
  const slug = fields.required("role_slug", request.roleSlug, parseSlug);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const { transactions, clock } = dependencies;
  const time = clock();
  return transactions.upsertOrganization(
    environmentId,
    organizationId,
    context,
    async (stores, state, organization) => {
      const effective = organizationRoles(state, organization);
      const role = effective.roles.find((other) => other.slug === slug);
      if (!role) throw refuse.roleNotAssignable([slug], ["role_slug"]);
      const before = await findMapped(stores, state, organization, [groupId]);
      const createTime = before[0]?.createTime ?? time;
      const groupRole = { groupId, roleId: role.id, createTime, updateTime: time };
      await stores.groupRoles.put(state.environment.uid, organization.uid, groupRole);
      return viewGroupRole(effective, organization, groupRole);
    },
  );
}
