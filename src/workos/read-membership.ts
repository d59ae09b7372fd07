import { refuse } from "../domain/errors";
import type { Input } from "./endpoint";
import type { MembershipKey } from "./ids";

/** Returns what names the membership in a use case: a later membership of the same user is not meant. */
export const namedMembership = ({ organizationId, userId, createTime }: MembershipKey) => ({
  organizationId,
  userId,
  expected: { createTime },
});

/** Returns the membership whose id is in the path. Throws MEMBERSHIP_NOT_FOUND if the environment has no such id. */
export function readMembership(input: Input) {
  const key = input.ids.readMembership(input.environmentId, input.part("membership"));
  if (!key) throw refuse.membershipNotFound("", "");
  return { environmentId: input.environmentId, ...namedMembership(key) };
}
