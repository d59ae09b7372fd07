import type { RoleAssignmentView } from "../../domain/membership-view";
import type { Dependencies } from "../dependencies";
import { type ReadMember, readMember } from "./read-member";

/** Returns the roles of a member, in priority order, each with its id. Throws MEMBERSHIP_NOT_FOUND. */
export async function listMemberRoles(dependencies: Dependencies, request: ReadMember): Promise<RoleAssignmentView[]> {
  const { member, viewer } = await readMember(dependencies, request);
  const { view: membership, roleIds } = viewer.identify(member);
  return roleIds.flatMap((roleId, index) => {
    const roleSlug = membership.roleSlugs[index];
    return roleSlug ? [{ membership, roleId, roleSlug }] : [];
  });
}
