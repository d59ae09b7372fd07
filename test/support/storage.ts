import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { ulid } from "ulid";
import type { NewEvent } from "../../src/application/ports/event-store";
import type { Environment } from "../../src/domain/environment";
import { organizationDataDeleted } from "../../src/domain/event";
import type { EnvironmentUid, EventId, OrganizationUid, PermissionId, RoleId } from "../../src/domain/ids";
import type { Membership } from "../../src/domain/membership";
import type { Organization } from "../../src/domain/organization";
import type { Permission } from "../../src/domain/permission";
import type { Role } from "../../src/domain/role";
import type { Slug } from "../../src/domain/slug";
import type {
  Description,
  EnvironmentId,
  GroupId,
  Name,
  OrganizationId,
  PermissionSlug,
  UserId,
} from "../../src/domain/values";
import { createDatabase, openDatabase } from "../../src/persistence/connection/open-database";
import type { Database } from "../../src/persistence/connection/database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { TypeormUnitOfWork } from "../../src/persistence/unit-of-work";
import type { TestDatabase, TestEngine } from "./engines";

/** The storage without the service above it. */
export interface TestStorage {
  readonly database: Database;
  readonly units: TypeormUnitOfWork;
  readonly at: TestDatabase;
  /** Raw rows, for what the ports do not show. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
  /** Closes it and drops its database. */
  drop(): Promise<void>;
}

/** A migrated database of its own, or one more `Database` on one that is there. */
export async function openStorage(engine: TestEngine, existing?: TestDatabase): Promise<TestStorage> {
  const at = existing ?? (await engine.create());
  const parsed = parseDatabaseUrl(at.url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  const database = await new Promise<Database>((resolve, reject) => {
    const opening = createDatabase(parsed.value, {
      poolSize: 10,
      timeout: 30_000,
      migrate: true,
      log: pino({ level: "silent" }),
      onAvailable: async () => resolve(opening),
      onLost: () => undefined,
    });
    opening.start().catch(reject);
  });
  return {
    database,
    units: new TypeormUnitOfWork(database),
    at,
    query: (sql, parameters = []) => database.use((dataSource) => dataSource.query(sql, [...parameters])),
    close: () => database.close(),
    drop: async () => {
      await database.close();
      await at.drop();
    },
  };
}

export const org = (id: string) => id as OrganizationId;
export const environmentId = (id: string) => id as EnvironmentId;
export const permissionSlug = (slug: string) => slug as PermissionSlug;
export const slugOf = (slug: string) => slug as Slug;
export const newRoleId = () => `role_${ulid()}` as RoleId;
export const newEventId = () => `evt_${ulid()}` as EventId;
export const newPermissionId = () => `perm_${ulid()}` as PermissionId;
export const newUid = () => ulid() as EnvironmentUid;
export const newOrganizationUid = () => ulid() as OrganizationUid;
export const user = (id: string) => id as UserId;
export const group = (id: string) => id as GroupId;

/** What an organization is made from. */
export const anOrganization = (id: string): Pick<Organization, "id" | "uid"> => ({
  id: org(id),
  uid: newOrganizationUid(),
});

export function aMember(
  organizationUid: OrganizationUid,
  userId: string,
  roleIds: readonly RoleId[],
  changes: Partial<Membership> = {},
): Membership {
  const materializedAtRevision = roleIds.length > 1 ? 1 : 0;
  return {
    organizationUid,
    userId: user(userId),
    roleIds: roleIds.toSorted(),
    materializedAtRevision,
    createTime: 1000,
    updateTime: 1000,
    ...changes,
  };
}

export function anEnvironment(changes: Partial<Environment> = {}): Environment {
  const defaultRoleId = changes.defaultRoleId ?? newRoleId();
  return {
    uid: newUid(),
    id: environmentId(`e-${ulid()}`),
    displayName: "Production" as Name,
    multipleRolesEnabled: false,
    escalationGuardEnabled: false,
    createTime: 1000,
    updateTime: 1000,
    revision: 1,
    defaultRoleId,
    order: [defaultRoleId],
    ...changes,
  };
}

export function aRole(slug: string, changes: Partial<Role> = {}): Role {
  return {
    id: newRoleId(),
    organizationId: "",
    slug: slugOf(slug),
    name: "Näme 👍" as Name,
    description: "" as Description,
    createdRevision: 1,
    createTime: 1000,
    updateTime: 1000,
    ...changes,
  };
}

export function anEvent(
  environmentUid: EnvironmentUid,
  organizationId: string,
  changes: Partial<NewEvent> = {},
): NewEvent {
  return {
    environmentUid,
    id: newEventId(),
    organizationId: organizationId as OrganizationId | "",
    revision: 1,
    ordinal: 0,
    environmentRevision: 1,
    time: 1000,
    change: organizationDataDeleted({ deletedRoleCount: 1, deletedMembershipCount: 2, eventsErased: false }),
    actor: "Bäcker 👍",
    actingUserId: "",
    callId: "call-1",
    ...changes,
  };
}

export function aPermission(slug: string, changes: Partial<Permission> = {}): Permission {
  return {
    id: newPermissionId(),
    slug: permissionSlug(slug),
    name: "Näme 👍" as Name,
    description: "" as Description,
    createTime: 1000,
    updateTime: 1000,
    ...changes,
  };
}

const lockWaits = {
  mariadb:
    "SELECT 1 FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id" +
    " WHERE trx_state = 'LOCK WAIT' AND db = DATABASE()",
  mysql:
    "SELECT 1 FROM performance_schema.data_lock_waits JOIN performance_schema.threads" +
    " ON thread_id = requesting_thread_id WHERE processlist_db = DATABASE()",
} as const;

/** Until another transaction on the same database of a server waits for a row. */
export async function waitsForLock({ database, at }: TestStorage): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const waiting: unknown[] = await database.use((dataSource) =>
      dataSource.query(lockWaits[dataSource.options.type as "mariadb" | "mysql"]),
    );
    if (waiting.length) return;
    if (Date.now() > deadline) throw new Error(`nobody waits for a lock in ${at.url}`);
    await sleep(110); // MariaDB shows the same picture again to whoever asks sooner
  }
}

/** One statement over a connection of its own, beside whatever service runs on the database. */
export async function queryOnce<Row>({ url }: TestDatabase, sql: string): Promise<Row[]> {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  const dataSource = await openDatabase(parsed.value, { poolSize: 1, timeout: 30_000 });
  try {
    return await dataSource.query(sql);
  } finally {
    await dataSource.destroy();
  }
}
