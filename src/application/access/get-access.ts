import { type AccessView, viewAccess } from "../../domain/access-check";
import { refuse } from "../../domain/errors";
import type { Dependencies } from "../dependencies";
import type { MemberScope } from "../memberships/member";
import { Fields } from "../request/fields";
import { parseEnvironmentId } from "../request/scope";
import { accessIn, parseMember } from "./member-access";

export async function getAccess(dependencies: Dependencies, request: MemberScope): Promise<AccessView> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const member = parseMember(fields, request);
  fields.check();

  const snapshot = await dependencies.snapshots.read(environmentId, [member]);
  const { access, roles } = accessIn(snapshot, member);
  const [primary, ...others] = roles;
  if (!primary) throw refuse.membershipNotFound(member.organizationId, member.userId);
  return viewAccess(access, [primary, ...others]);
}
