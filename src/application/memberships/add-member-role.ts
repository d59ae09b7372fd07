import { effectiveRole } from "../../domain/effective-roles";
import type { RoleAssignmentView } from "../../domain/membership-view";
import { parseSlug } from "../../domain/slug";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type MemberChange, changeMemberRole } from "./change-member-role";

export interface AddMemberRole extends MemberChange {
  readonly roleSlug: string;
}

/** Gives a member one more role; nothing changes if the member has it. Throws the errors of `changeMemberRole`. */
export async function addMemberRole(
  dependencies: Dependencies,
  request: AddMemberRole,
  call: Call,
): Promise<RoleAssignmentView> {
  const fields = new Fields();
  const { added } = fields.check({ added: fields.required("role_slug", request.roleSlug, parseSlug) });
  return changeMemberRole(
    dependencies,
    request,
    call,
    (present) => [...new Set([...present.map(({ slug }) => slug), added])],
    (membership, { effective }) => ({ membership, roleId: effectiveRole(effective, added).id, roleSlug: added }),
  );
}
