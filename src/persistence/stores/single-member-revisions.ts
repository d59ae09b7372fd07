import type { CurrentRevisions, RevisionQuery } from "../../application/ports/revision-store";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { Session } from "../connection/session";

/** Returns whether a query is for one organization and at most one member, as that of a call that comes alone. */
export function isForSingleMember({ organizationIds, members }: RevisionQuery): boolean {
  return organizationIds.length === 1 && members.length <= 1;
}

/**
 * Answers one query for one organization and one member, or none. Its plain twin is `findTogether`, which answers any queries: a join takes a fifth
 * less than its union. The values come in one column, separated by spaces, which no value contains, because the driver
 * takes longer for the description of each column than for the row.
 */
export async function findSingleMember(session: Session, query: RevisionQuery): Promise<CurrentRevisions> {
  const { environmentId, environmentUid, organizationIds, members } = query;
  const [organizationId = ""] = organizationIds;
  const [member] = members;
  const ofMember = member ? [environmentUid, member.organizationUid, member.userId] : [];
  const rows = await session.query<{ found: string }>(member ? withMember : withoutMember, [
    environmentUid,
    organizationId,
    ...ofMember,
    environmentId,
  ]);
  return new SingleMemberRevisions(rows.map(({ found }) => splitWords(found)));
}

const select = (columns: string, join: string) =>
  "SELECT CONCAT_WS(' ', environments.uid, environments.revision, COALESCE(organizations.uid, '')," +
  ` COALESCE(organizations.revision, '')${columns}) AS found FROM environments` +
  ` LEFT JOIN organizations ON organizations.environment_uid = ? AND organizations.id = ?${join} WHERE environments.id = ?`;

const withoutMember = select("", "");
const withMember = select(
  ", role_id, several_since, role_assignments.create_time, role_assignments.update_time",
  " LEFT JOIN role_assignments ON role_assignments.environment_uid = ?" +
    " AND role_assignments.organization_uid = ? AND role_assignments.user_id = ?",
);

/**
 * Returns the parts of a text between its spaces. Its plain twin is `text.split(" ")`, which makes each part a name of
 * the JavaScript engine and takes ten times as long.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let start = 0;
  for (let end = text.indexOf(" "); end >= 0; end = text.indexOf(" ", start)) {
    words.push(text.slice(start, end));
    start = end + 1;
  }
  words.push(text.slice(start));
  return words;
}

/** Each row has the same environment and organization, and one role of the member. */
class SingleMemberRevisions implements CurrentRevisions {
  constructor(private readonly rows: readonly (readonly string[])[]) {}

  environment() {
    const [uid, revision] = this.rows[0] ?? [];
    return uid === undefined ? undefined : { uid: uid as EnvironmentUid, revision: Number(revision) };
  }

  organization() {
    const [, , uid, revision] = this.rows[0] ?? [];
    return uid ? { uid: uid as OrganizationUid, revision: Number(revision) } : undefined;
  }

  member(_: EnvironmentUid, { organizationUid, userId }: MemberKey): Membership | undefined {
    const [first] = this.rows;
    if (!first?.[4]) return undefined;
    const roleIds = this.rows.map((row) => row[4] as RoleId);
    const [, , , , , materializedAtRevision, createTime, updateTime] = first;
    return {
      organizationUid,
      userId,
      roleIds,
      materializedAtRevision: Number(materializedAtRevision),
      createTime: Number(createTime),
      updateTime: Number(updateTime),
    };
  }
}
