import type { MembershipView } from "../../domain/membership-view";
import type { Dependencies } from "../dependencies";
import { type ReadMember, readMember } from "./read-member";

/** Returns a member. Throws MEMBERSHIP_NOT_FOUND. */
export async function getMembership(dependencies: Dependencies, request: ReadMember): Promise<MembershipView> {
  const { member, viewer } = await readMember(dependencies, request);
  return viewer.view(member);
}
