import type { MembershipView } from "../../domain/membership-view";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import { type Invalid, Fields, invalid } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { type Assignment, type AssignmentRequest, assignRoles, parseAssignment } from "./assign-roles";

export interface BatchSetMemberRoles {
  readonly environmentId: string;
  readonly memberships: readonly AssignmentRequest[];
  readonly requestId?: string | undefined;
}

/** Sets the roles of several members, all of them or none: see SetMemberRoles. Locks their organizations. */
export async function batchSetMemberRoles(
  dependencies: Dependencies,
  request: BatchSetMemberRoles,
  call: Call,
): Promise<MembershipView[]> {
  const fields = new Fields();
  const id = parseEnvironmentId(fields, request);
  const memberships = fields.batch("memberships", request.memberships);
  const parsed = await mapInSlices(memberships, (membership, index) =>
    parseAssignment(fields, membership, `memberships[${index}].`),
  );
  refuseRepeats(fields, parsed);
  const { environmentId, assignments, context } = fields.check({
    environmentId: id,
    assignments: parsed.filter((one) => one !== invalid),
    context: parseWriteContext(fields, request, call),
  });

  return assignRoles(dependencies, environmentId, assignments, context);
}

function refuseRepeats(fields: Fields, assignments: readonly (Assignment | Invalid)[]): void {
  const seen = new Set<string>();
  for (const [index, assignment] of assignments.entries()) {
    if (assignment === invalid) continue;
    const key = `${assignment.organizationId} ${assignment.userId}`;
    if (seen.has(key)) fields.refuse(`memberships[${index}].user_id`, "must not repeat a membership of the batch");
    seen.add(key);
  }
}
