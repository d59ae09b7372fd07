import { refuse } from "../../domain/errors";
import type { MembershipView } from "../../domain/membership-view";
import type { Dependencies } from "../dependencies";
import type { Call } from "../request/idempotency";
import { type MemberChange, changeMemberRole } from "./change-member-role";

export interface RemoveMemberRole extends MemberChange {
  /** The role, by its slug or its id. */
  readonly role: { readonly slug: string } | { readonly id: string };
}

/**
 * Takes one role from a member, who gets the default role if it was the last one. Throws the errors of `changeMemberRole`,
 * and ROLE_NOT_FOUND if the member does not have the role.
 */
export async function removeMemberRole(
  dependencies: Dependencies,
  { role, ...request }: RemoveMemberRole,
  call: Call,
): Promise<MembershipView> {
  return changeMemberRole(
    dependencies,
    request,
    call,
    (present) => {
      const left = present.filter((one) => ("id" in role ? one.id !== role.id : one.slug !== role.slug));
      if (left.length === present.length) throw refuse.roleNotFound("id" in role ? role.id : role.slug);
      return left.map(({ slug }) => slug);
    },
    (membership) => membership,
  );
}
