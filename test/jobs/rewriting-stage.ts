import { randomUUID } from "node:crypto";
import { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import type { EnvironmentUid } from "../../src/domain/ids";
import { defaultQuotas } from "../../src/domain/limits";
import type { MembershipView } from "../../src/domain/membership-view";
import { TypeormMembershipStore } from "../../src/persistence/stores/membership-store";
import { many } from "../support/many";
import type { TestStorage } from "../support/storage";

export const hour = 60 * 60 * 1000;
export const call = ownCall;
export const wholePage = { pageSize: 1000, pageToken: "" };
export const organizations = many(15, (index) => `org-${index}`);

type Services = ReturnType<typeof createServices>;
export interface Scope {
  readonly environmentId: string;
  readonly organizationId: string;
}
interface Member {
  readonly organizationId: string;
  readonly userId: string;
  readonly roleSlugs: string[];
}

/** Runs the service on a storage, by a clock that stands still. */
export class RewritingStage {
  now = 1_790_000_000_000;
  readonly services: Services;

  constructor(readonly storage: TestStorage) {
    this.services = createServices(storage.database, defaultQuotas, () => this.now);
  }

  /** Returns the number of member rows that the sweep has still to rewrite. */
  async left(uid: EnvironmentUid): Promise<number> {
    return (await this.services.rewriter.progress(uid))?.left ?? Number.NaN;
  }

  /**
   * Creates an environment with several roles for a member and the roles `member` (default), `admin`, `leaving` and
   * `staying`. Every third organization has a custom role `org-own`, and with it a configuration of its own.
   */
  async environment(): Promise<string> {
    const environmentId = randomUUID();
    const { environments, roles } = this.services;
    await environments.createEnvironment({ environmentId, displayName: "" }, call);
    await this.setMultiple(environmentId, true);
    for (const slug of ["admin", "leaving", "staying"]) await this.createRole({ environmentId, slug });
    for (const organizationId of organizations.filter((_, index) => index % 3 === 0))
      await roles.createRole(
        { environmentId, organizationId, slug: "org-own", name: "Own", description: "", permissions: [] },
        call,
      );
    return environmentId;
  }

  async createRole(scope: { environmentId: string; organizationId?: string; slug: string }): Promise<void> {
    await this.services.roles.createRole({ ...scope, name: "Name", description: "", permissions: [] }, call);
  }

  async setMultiple(environmentId: string, multipleRolesEnabled: boolean): Promise<void> {
    const environment = { displayName: "", multipleRolesEnabled };
    const updateMask = ["multiple_roles_enabled"];
    await this.services.environments.updateEnvironment({ environmentId, environment, updateMask }, call);
  }

  async uidOf(environmentId: string): Promise<EnvironmentUid> {
    const [row] = await this.storage.query<{ uid: EnvironmentUid }>("SELECT uid FROM environments WHERE id = ?", [
      environmentId,
    ]);
    if (!row) throw new Error(`no environment ${environmentId}`);
    return row.uid;
  }

  async setMembers(environmentId: string, members: readonly Member[]): Promise<void> {
    for (let start = 0; start < members.length; start += 1000)
      await this.services.memberships.batchSetMemberRoles(
        { environmentId, memberships: members.slice(start, start + 1000) },
        call,
      );
  }

  deleteRole(environmentId: string, slug: string, replacementDefaultRoleSlug?: string, validateOnly = false) {
    return this.services.roles.deleteEnvironmentRole(
      { environmentId, slug, replacementDefaultRoleSlug, validateOnly },
      call,
    );
  }

  async membersOf(environmentId: string, organizationId: string, roleSlug?: string): Promise<MembershipView[]> {
    const found: MembershipView[] = [];
    for (let pageToken = ""; ; ) {
      const page = await this.services.memberships.listMemberships(
        {
          environmentId,
          organizationId,
          roleSlug,
          pageSize: 1000,
          pageToken,
        },
        call,
      );
      found.push(...page.items);
      pageToken = page.nextPageToken;
      if (!pageToken) return found;
    }
  }

  /** Returns everything that callers see of an environment. */
  everything(environmentId: string) {
    const { roles, groupRoles } = this.services;
    return Promise.all(
      organizations.map(async (organizationId) => ({
        members: await this.membersOf(environmentId, organizationId),
        roles: await roles.listOrgRoles({ environmentId, organizationId, ...wholePage }),
        groups: await groupRoles.listGroupRoles({ environmentId, organizationId, ...wholePage }, call),
      })),
    );
  }

  /** Returns how many members of the environment show roles that match. */
  async countShowing(environmentId: string, matches: (roleSlugs: readonly string[]) => boolean): Promise<number> {
    const all = await Promise.all(organizations.map((organizationId) => this.membersOf(environmentId, organizationId)));
    return all.flat().filter(({ roleSlugs }) => matches(roleSlugs)).length;
  }

  async rowsOf(table: string, uid: EnvironmentUid): Promise<object[]> {
    const rows = await this.storage.query<object>(`SELECT * FROM ${table} WHERE environment_uid = ?`, [uid]);
    return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** Returns the roles that are no more, as they are stored. */
  async remains(uid: EnvironmentUid) {
    const roles = await this.storage.query<{ slug: string; slug_scope: string }>(
      "SELECT slug, slug_scope FROM roles WHERE environment_uid = ? ORDER BY slug",
      [uid],
    );
    const kind = (prefix: string) =>
      roles.filter(({ slug_scope: scope }) => scope.startsWith(prefix)).map(({ slug }) => slug);
    const collapses = (await this.rowsOf("role_collapses", uid)).length;
    return { tombstones: kind("tombstone:"), replaced: kind("replaced:"), collapses };
  }

  async isRequested(uid: EnvironmentUid): Promise<boolean> {
    return (await this.services.rewriter.listRequests()).some((request) => request.uid === uid);
  }

  /** Sweeps until nothing is left to rewrite or to forget. Returns how many rows each step rewrote. */
  async sweep(uid: EnvironmentUid, between: () => Promise<void> = async () => undefined): Promise<number[]> {
    const rewritten: number[] = [];
    for (;;) {
      const count = await this.services.rewriter.step(uid);
      rewritten.push(count);
      await between();
      if (!count) return rewritten;
    }
  }
}

/** Returns members that are spread evenly over the organizations. */
export const spread = (count: number, roleSlugs: (index: number) => string[]): Member[] =>
  many(count, (index) => ({
    organizationId: organizations[index % organizations.length] ?? "",
    userId: `user-${index}`,
    roleSlugs: roleSlugs(index),
  }));

/** Watches how many members each transaction writes, by the rows that the store is asked to put. */
export function watchWrites() {
  const put = jest.spyOn(TypeormMembershipStore.prototype, "put");
  return {
    perTransaction: () => {
      const counts = new Map<unknown, number>();
      put.mock.contexts.forEach((store, index) =>
        counts.set(store, (counts.get(store) ?? 0) + (put.mock.calls[index]?.[1].length ?? 0)),
      );
      return [...counts.values()].filter((count) => count > 0);
    },
    end: () => put.mockRestore(),
  };
}
