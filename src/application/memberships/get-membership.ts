import { refuse } from "../../domain/errors";
import type { MembershipView } from "../../domain/membership-view";
import { type UserId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { parseOrganizationScope } from "../request/scope";
import { type MemberScope, inOrganization } from "./member";

export async function getMembership(dependencies: Dependencies, request: MemberScope): Promise<MembershipView> {
  const fields = new Fields();
  const scope = parseOrganizationScope(fields, request);
  const userId = fields.required<UserId>("user_id", request.userId, parseId);
  fields.check();

  const { environmentId, organizationId } = scope;
  const snapshot = await dependencies.snapshots.read(environmentId, [{ organizationId, userId }]);
  const { state: organization } = snapshot.organization(organizationId);
  const membership = snapshot.member(organizationId, userId);
  if (!organization || !membership) throw refuse.membershipNotFound(organizationId, userId);
  return inOrganization(dependencies, snapshot.state, organization).view(membership);
}
