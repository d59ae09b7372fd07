import type { CurrentRevisions, RevisionQuery, RevisionStore } from "../../application/ports/revision-store";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { EnvironmentId, OrganizationId, UserId } from "../../domain/values";
import type { Session } from "../connection/session";
import { placeholders } from "./conditions";
import { MultiMap } from "./multi-map";
import { findSingleMember, isForSingleMember } from "./single-member-revisions";

/** The number of rows that one result may always have, however few members are queried. */
export const leastRows = 2500;

/** An environment, an organization, or a role of a member. */
export interface RevisionRow {
  /** The environment's id for itself, its uid for all others. */
  readonly parent: string;
  /** The organization's id, or its uid for a role; empty for an environment. */
  readonly name: string;
  readonly uid: string;
  /** Empty except for a role. */
  readonly userId: string;
  readonly number: number;
  readonly createTime: number;
  readonly updateTime: number;
}

/**
 * Answers many calls with one statement, on the hot path. Plain SQL, because a repository takes three times as long and
 * could not read three tables in one consistent state.
 */
export class SqlRevisionStore implements RevisionStore {
  constructor(private readonly session: Session) {}

  find(queries: readonly RevisionQuery[]): Promise<CurrentRevisions | undefined> {
    const [first] = queries;
    return queries.length === 1 && first && isForSingleMember(first)
      ? findSingleMember(this.session, first)
      : this.findTogether(queries);
  }

  private async findTogether(queries: readonly RevisionQuery[]): Promise<CurrentRevisions | undefined> {
    const parts = revisionParts(this.session, queries);
    const rows = await queryParts<RevisionRow>(this.session, parts, mostRows);
    return rows && new RevisionRows(rows);
  }
}

const mostRows = (parameters: number) => Math.max(leastRows, 2 * parameters);

/** A SELECT of a statement that joins several by UNION ALL, and its parameters. */
export interface Part {
  readonly sql: string;
  readonly parameters: readonly string[];
}

/** Columns that each SELECT has in addition. */
interface MoreColumns {
  readonly named: string;
  readonly ofOrganizations: string;
  readonly ofOthers: string;
}

const noMoreColumns: MoreColumns = { named: "", ofOrganizations: "", ofOthers: "" };

/** Returns the SELECTs of environments, organizations and roles of members, each thing once. */
export function revisionParts(session: Session, queries: readonly RevisionQuery[], more = noMoreColumns): Part[] {
  const environments = [...new Set(queries.map(({ environmentId }) => environmentId))];
  const parts: Part[] = [
    {
      sql:
        "SELECT id AS parent, '' AS name, uid AS uid, '' AS userId, revision AS number," +
        ` 0 AS createTime, 0 AS updateTime${more.named} FROM environments WHERE id IN (${placeholders(environments)})`,
      parameters: environments,
    },
  ];
  for (const [uid, named] of groupByEnvironment(queries, (query) => query.organizationIds)) {
    const organizationIds = [...new Set(named)];
    parts.push({
      sql:
        `SELECT environment_uid, id, uid, '', revision, 0, 0${more.ofOrganizations} FROM organizations` +
        ` WHERE environment_uid = ? AND id IN (${placeholders(organizationIds)})`,
      parameters: [uid, ...organizationIds],
    });
  }
  for (const [uid, members] of groupByEnvironment(queries, (query) => query.members)) {
    const distinct = new MultiMap<UserId, MemberKey>();
    for (const key of members) if (!distinct.find(key.userId, isInOrganizationOf(key))) distinct.add(key.userId, key);
    const pairs = distinct.all();
    parts.push({
      sql:
        `SELECT environment_uid, organization_uid, role_id, user_id, several_since, create_time, update_time${more.ofOthers}` +
        ` FROM role_assignments${session.dialect.byPrimaryKey} WHERE environment_uid = ? AND ` +
        session.dialect.amongPairs("organization_uid, user_id", pairs.length),
      parameters: [uid, ...pairs.flatMap(({ organizationUid, userId }) => [organizationUid, userId])],
    });
  }
  return parts;
}

/** Runs SELECTs as one statement. Returns undefined if there are more rows than `limitOf` allows for so many parameters. */
export async function queryParts<Row>(
  session: Session,
  parts: readonly Part[],
  limitOf: (parameters: number) => number,
): Promise<Row[] | undefined> {
  const parameters = parts.flatMap((part) => part.parameters);
  const most = limitOf(parameters.length);
  const sql = `${parts.map((part) => part.sql).join(" UNION ALL ")} LIMIT ${most + 1}`;
  const rows = await session.query<Row>(sql, parameters);
  return rows.length > most ? undefined : rows;
}

/** Groups what the queries name by the environment. */
export function groupByEnvironment<Query extends Pick<RevisionQuery, "environmentUid">, T>(
  queries: readonly Query[],
  namesOf: (query: Query) => readonly T[],
): Map<EnvironmentUid, T[]> {
  const groups = new Map<EnvironmentUid, T[]>();
  for (const query of queries) {
    const group = groups.get(query.environmentUid);
    if (group) group.push(...namesOf(query));
    else if (namesOf(query).length) groups.set(query.environmentUid, [...namesOf(query)]);
  }
  return groups;
}

export class RevisionRows implements CurrentRevisions {
  private readonly environments = new Map<string, { uid: EnvironmentUid; revision: number }>();
  private readonly organizations = new MultiMap<string, { parent: string; uid: OrganizationUid; revision: number }>();
  private readonly members = new MultiMap<string, Membership & { roleIds: RoleId[] }>();

  constructor(rows: readonly RevisionRow[]) {
    for (const row of rows) this.add(row);
  }

  private add({ parent, name, uid, userId, number, createTime, updateTime }: RevisionRow): void {
    if (userId !== "") {
      const organizationUid = name as OrganizationUid;
      const member = this.members.find(userId, isInOrganizationOf({ organizationUid }));
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

  /** Ignores the environment, because uids of organizations are unique among all environments. */
  member(_: EnvironmentUid, key: MemberKey) {
    return this.members.find(key.userId, isInOrganizationOf(key));
  }
}

const isInOrganizationOf =
  ({ organizationUid }: Pick<MemberKey, "organizationUid">) =>
  (member: MemberKey) =>
    member.organizationUid === organizationUid;
