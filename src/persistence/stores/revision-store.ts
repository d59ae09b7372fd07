import type { CurrentRevisions, RevisionQuery, RevisionStore } from "../../application/ports/revision-store";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { EnvironmentId, OrganizationId, UserId } from "../../domain/values";
import type { Session } from "../connection/session";
import { placeholders } from "./conditions";

/** So many rows may always be read at once, however few members are asked for. */
const leastRows = 2500;

/** Of an environment, an organization, or a member's role. */
interface Row {
  /** The environment's id for itself, its uid for all others. */
  readonly parent: string;
  /** The organization's id, or its uid for a role; empty for an environment. */
  readonly name: string;
  readonly uid: string;
  /** Of a role only. */
  readonly userId: string;
  readonly number: number;
  readonly createTime: number;
  readonly updateTime: number;
}

/**
 * One statement for many calls, on the hot path: raw SQL, because a repository takes three times as long and could not
 * put three tables into one consistent answer.
 */
export class SqlRevisionStore implements RevisionStore {
  constructor(private readonly session: Session) {}

  find(questions: readonly RevisionQuery[]): Promise<CurrentRevisions | undefined> {
    const [only] = questions;
    const alone = questions.length === 1 && only?.organizationIds.length === 1 && only.members.length === 1;
    return alone ? this.findSingle(only) : this.findTogether(questions);
  }

  private async findTogether(questions: readonly RevisionQuery[]): Promise<CurrentRevisions | undefined> {
    const parameters: string[] = [];
    const asked = (...values: readonly string[]) => {
      parameters.push(...values);
      return placeholders(values);
    };
    const environments = new Set(questions.map(({ environmentId }) => environmentId));
    const parts = [
      "SELECT id AS parent, '' AS name, uid AS uid, '' AS userId, revision AS number," +
        ` 0 AS createTime, 0 AS updateTime FROM environments WHERE id IN (${asked(...environments)})`,
    ];
    for (const [uid, organizationIds] of byEnvironment(questions, (question) => question.organizationIds))
      parts.push(
        "SELECT environment_uid, id, uid, '', revision, 0, 0 FROM organizations" +
          ` WHERE environment_uid = ${asked(uid)} AND id IN (${asked(...new Set(organizationIds))})`,
      );
    for (const [uid, members] of byEnvironment(questions, (question) => question.members)) {
      const named = new MultiMap<UserId, MemberKey>();
      for (const key of members) if (!named.find(key.userId, ofOrganization(key))) named.add(key.userId, key);
      const pairs = named.all();
      parts.push(
        "SELECT environment_uid, organization_uid, role_id, user_id, several_since, create_time, update_time" +
          ` FROM role_assignments WHERE environment_uid = ${asked(uid)} AND ` +
          this.session.dialect.amongPairs("organization_uid, user_id", pairs.length),
      );
      for (const { organizationUid, userId } of pairs) parameters.push(organizationUid, userId);
    }
    const most = Math.max(leastRows, 2 * parameters.length);
    const sql = `${parts.join(" UNION ALL ")} LIMIT ${most + 1}`;
    const rows = await this.session.query<Row>(sql, parameters);
    return rows.length > most ? undefined : new RevisionRows(rows);
  }

  /**
   * One question about one member, as a call that comes alone has: a join takes a fifth less than a union. Its values
   * come in one column, with spaces between, which none of them has, because the driver takes longer for the description
   * of each column than for the row.
   */
  private async findSingle({
    environmentId,
    environmentUid,
    organizationIds,
    members,
  }: RevisionQuery): Promise<CurrentRevisions> {
    const [organizationId = ""] = organizationIds;
    const [{ organizationUid, userId } = { organizationUid: "", userId: "" }] = members;
    const rows = await this.session.query<{ found: string }>(
      "SELECT CONCAT_WS(' ', environments.uid, environments.revision, COALESCE(organizations.uid, '')," +
        " COALESCE(organizations.revision, ''), role_id, several_since, role_assignments.create_time," +
        " role_assignments.update_time) AS found FROM environments" +
        " LEFT JOIN organizations ON organizations.environment_uid = ? AND organizations.id = ?" +
        " LEFT JOIN role_assignments ON role_assignments.environment_uid = ?" +
        " AND role_assignments.organization_uid = ? AND role_assignments.user_id = ? WHERE environments.id = ?",
      [environmentUid, organizationId, environmentUid, organizationUid, userId, environmentId],
    );
    return new SingleMemberRevisions(rows.map(({ found }) => wordsOf(found)));
  }
}

/** Where `split` would make each a name of the engine's, which takes ten times as long. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let start = 0;
  for (let end = text.indexOf(" "); end >= 0; end = text.indexOf(" ", start)) {
    words.push(text.slice(start, end));
    start = end + 1;
  }
  words.push(text.slice(start));
  return words;
}

/** What the questions name in each environment. */
function byEnvironment<T>(
  questions: readonly RevisionQuery[],
  named: (question: RevisionQuery) => readonly T[],
): Map<EnvironmentUid, T[]> {
  const groups = new Map<EnvironmentUid, T[]>();
  for (const question of questions) {
    const group = groups.get(question.environmentUid);
    if (group) group.push(...named(question));
    else if (named(question).length) groups.set(question.environmentUid, [...named(question)]);
  }
  return groups;
}

/** The answer to one question about one member: the same environment and organization, with each of its roles. */
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

class RevisionRows implements CurrentRevisions {
  private readonly environments = new Map<string, { uid: EnvironmentUid; revision: number }>();
  private readonly organizations = new MultiMap<string, { parent: string; uid: OrganizationUid; revision: number }>();
  private readonly members = new MultiMap<string, Membership & { roleIds: RoleId[] }>();

  constructor(rows: readonly Row[]) {
    for (const row of rows) this.add(row);
  }

  private add({ parent, name, uid, userId, number, createTime, updateTime }: Row): void {
    if (userId !== "") {
      const organizationUid = name as OrganizationUid;
      const member = this.members.find(userId, ofOrganization({ organizationUid }));
      if (member) member.roleIds.push(uid as RoleId);
      else
        this.members.add(userId, {
          organizationUid,
          userId: userId as UserId,
          roleIds: [uid as RoleId],
          materializedAtRevision: number,
          createTime,
          updateTime,
        });
    } else if (name !== "") this.organizations.add(name, { parent, uid: uid as OrganizationUid, revision: number });
    else this.environments.set(parent, { uid: uid as EnvironmentUid, revision: number });
  }

  environment(id: EnvironmentId) {
    return this.environments.get(id);
  }

  organization(environment: EnvironmentUid, id: OrganizationId) {
    return this.organizations.find(id, ({ parent }) => parent === environment);
  }

  /** Uids of organizations are unique among all environments. */
  member(_: EnvironmentUid, key: MemberKey) {
    return this.members.find(key.userId, ofOrganization(key));
  }
}

const ofOrganization =
  ({ organizationUid }: Pick<MemberKey, "organizationUid">) =>
  (member: MemberKey) =>
    member.organizationUid === organizationUid;

/** Values of which few have the same name: made from parts, each name would have to be put together and hashed anew. */
class MultiMap<Name, Value> {
  private readonly values = new Map<Name, Value[]>();

  add(name: Name, value: Value): void {
    const same = this.values.get(name);
    if (same) same.push(value);
    else this.values.set(name, [value]);
  }

  find(name: Name, is: (value: Value) => boolean): Value | undefined {
    return this.values.get(name)?.find(is);
  }

  all(): Value[] {
    return [...this.values.values()].flat();
  }
}
