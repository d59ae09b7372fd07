import { membershipChange } from "../../domain/event";
import type { OrganizationUid } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { type Membership } from "../../domain/membership";
import type { EnvironmentId, UserId } from "../../domain/values";
import { Slice } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import type { CallSignal } from "../ports/cancellation";
import { Fields } from "../request/fields";
import { type Call, type WriteContext, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { removeIfEmpty } from "../transactions/remove-if-empty";
import { createMembershipViewer, parseUserId } from "./member";

export interface DeleteUserMemberships {
  readonly environmentId: string;
  readonly userId: string;
  readonly requestId?: string | undefined;
}

/** A membership, as far as it tells this one from a later one of the same user. */
type Begun = Pick<Membership, "organizationUid" | "createTime">;

/** Memberships that one statement reads. */
const readAtOnce = 1000;

/**
 * Ends the memberships of a user that exist when the call begins. Locks some organizations after the other, so that other
 * calls go on meanwhile. A call that is cut off has ended some of them, and its repetition goes on.
 */
export async function deleteUserMemberships(
  dependencies: Dependencies,
  request: DeleteUserMemberships,
  call: Call,
): Promise<{ readonly deletedCount: number }> {
  const fields = new Fields();
  const { environmentId, userId, context } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    userId: parseUserId(fields, request),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions } = dependencies;
  return transactions.runInParts(environmentId, context, async () => {
    const begun = await listBegun(dependencies, environmentId, userId, context.signal);
    const slice = new Slice();
    let deletedCount = 0;
    for (let start = 0; start < begun.length; start += limits.organizationsAtOnce) {
      const part = begun.slice(start, start + limits.organizationsAtOnce);
      deletedCount += await endMemberships(dependencies, environmentId, userId, part, context);
      const ended = slice.end();
      if (ended) await ended;
    }
    return { deletedCount };
  });
}

/** Returns all memberships of the user, of one consistent state. */
function listBegun(
  { transactions }: Dependencies,
  environmentId: EnvironmentId,
  userId: UserId,
  signal: CallSignal,
): Promise<Begun[]> {
  return transactions.readEnvironment(environmentId, signal, async (stores, { uid }) => {
    const found: Begun[] = [];
    const slice = new Slice();
    for (let after: string | undefined = ""; after !== undefined; ) {
      const page: Begun[] = await stores.memberships.listOfUser(uid, userId, { after, limit: readAtOnce });
      found.push(...page);
      after = page.length < readAtOnce ? undefined : page.at(-1)?.organizationUid;
      const ended = slice.end();
      if (ended) await ended;
    }
    return found;
  });
}

/** Ends memberships in one transaction. Returns how many of them were left. */
async function endMemberships(
  dependencies: Dependencies,
  environmentId: EnvironmentId,
  userId: UserId,
  begun: readonly Begun[],
  context: WriteContext,
): Promise<number> {
  const { transactions, clock } = dependencies;
  const createTimes = new Map<OrganizationUid, number>();
  for (const { organizationUid, createTime } of begun) createTimes.set(organizationUid, createTime);
  const rows = await transactions.readEnvironment(environmentId, context.signal, (stores, { uid }) =>
    stores.organizations.findByUid(uid, [...createTimes.keys()]),
  );
  const ids = rows.map(({ id }) => id);
  if (!ids.length) return 0;
  return transactions.updateOrganizations(
    environmentId,
    ids,
    context,
    async (stores, changes, state, organizations) => {
      const { environment } = state;
      const keys = [...organizations.keys()].map((organizationUid) => ({ organizationUid, userId }));
      const present = await stores.memberships.find(environment.uid, keys);
      const members = present.filter(
        ({ organizationUid, createTime }) => createTimes.get(organizationUid) === createTime,
      );
      for (const member of members) {
        const organization = organizations.get(member.organizationUid);
        if (!organization) continue;
        const before = createMembershipViewer(dependencies, state, organization).identify(member);
        await stores.memberships.remove(environment.uid, member);
        if (!organization.own) await removeIfEmpty(stores, state, organization, clock());
        changes.add({ environment, organization }, membershipChange(before, undefined));
      }
      return members.length;
    },
  );
}
