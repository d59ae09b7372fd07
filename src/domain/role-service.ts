import { refuse } from "./errors";
import {
  type EnvironmentId,
  Fields,
  type OrganizationId,
  type Parse,
  type PermissionSlug,
  parseDescription,
  parseEtag,
  parseName,
  parsePermissionSlug,
} from "./fields";
import type { EnvironmentUid, PermissionId } from "./ids";
import { type Page, type PagePosition, type PageRequest, encodeToken, parsePage } from "./page";
import { type Role, type RoleView, roleEtag } from "./role";
import {
  type RoleConfigView,
  environmentContext,
  idsOf,
  slugsOf,
  viewConfig,
  viewRole,
  withCustomRole,
} from "./role-config";
import {
  type OrganizationScope,
  type ParsedScope,
  type Scope,
  effectiveRole,
  ownRole,
  parseEnvironmentId,
  parseOrganizationScope,
  parseScope,
} from "./scope";
import {
  type Slug,
  generateSlug,
  parseCustomSlug,
  parseEnvironmentSlug,
  parseRestoredSlug,
  parseSlug,
  suggestSlug,
} from "./slug";
import type { Holding } from "./snapshots";
import { firstPage, positionAfter } from "./role-pages";
import { KeyTaken, type Stores } from "./stores";
import type { Tools } from "./tools";
import { type Call, type Attempt, parseAttempt } from "./attempt";

export interface CreateRole extends Scope {
  readonly slug?: string | undefined;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly requestId?: string | undefined;
}

export interface UpdateRole extends Scope {
  readonly slug: string;
  readonly role:
    | { readonly name: string; readonly description: string; readonly permissions: readonly string[] }
    | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface ChangeRolePermissions extends Scope {
  readonly slug: string;
  readonly permissions: readonly string[];
  readonly requestId?: string | undefined;
}

export interface RolePage extends Page<RoleView> {
  readonly config: RoleConfigView;
}

/** Attempts at a generated slug that nobody has; two in a row that are taken are already a matter of years. */
const generatedSlugAttempts = 8;

/** Creates, reads and changes roles. */
export class RoleService {
  /** Whole lists, made once for as long as what they show holds. */
  private readonly pages = new WeakMap<Holding, RolePage>();

  constructor(private readonly tools: Tools) {}

  createRole(request: CreateRole, call: Call): Promise<RoleView> {
    return this.create(request, call, parseCustomSlug);
  }

  /** The same for a role that is known from elsewhere: a custom role may have the slug that was generated for it there. */
  restoreRole(request: CreateRole & { readonly slug: string }, call: Call): Promise<RoleView> {
    return this.create(request, call, parseRestoredSlug);
  }

  private async create(request: CreateRole, call: Call, parseOrganizationSlug: Parse<Slug>): Promise<RoleView> {
    const fields = new Fields();
    const { environmentId, organizationId } = parseScope(fields, request);
    const slug =
      request.organizationId !== undefined
        ? fields.optional("slug", request.slug, parseOrganizationSlug)
        : fields.required("slug", request.slug, parseEnvironmentSlug);
    const name = fields.required("name", request.name, parseName);
    const description = fields.required("description", request.description, parseDescription);
    const permissions = fields.set("permissions", request.permissions, parsePermissionSlug);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();
    this.checkPermissionQuota(slug ?? name, permissions.length);

    const time = this.tools.clock();
    const create = async (): Promise<RoleView> => {
      const id = this.tools.ids.role();
      const draft = { id, slug: slug ?? generateSlug(name, id), name, description, createTime: time, updateTime: time };
      return organizationId
        ? this.createCustomRole(environmentId, organizationId, draft, permissions, attempt)
        : this.createEnvironmentRole(environmentId, draft, permissions, attempt);
    };
    for (let tries = 1; tries <= generatedSlugAttempts; tries += 1) {
      try {
        return await create();
      } catch (error) {
        if (!(error instanceof KeyTaken)) throw error;
        if (slug) throw refuse.roleSlugTaken(slug);
      }
    }
    throw refuse.conflictRetry();
  }

  private createEnvironmentRole(
    environmentId: EnvironmentId,
    draft: Omit<Role, "organizationId" | "createdRevision">,
    permissions: readonly PermissionSlug[],
    attempt: Attempt,
  ): Promise<RoleView> {
    const { transactions, quotas } = this.tools;
    return transactions.inEnvironment(environmentId, attempt, async (stores, state) => {
      const { environment, roles } = state;
      const context = environmentContext(state);
      if (context.roles.length >= quotas.environmentRoles)
        throw refuse.roleLimitReached(`environments/${environmentId}`, quotas.environmentRoles);
      const role: Role = { organizationId: "", createdRevision: environment.revision, ...draft };
      const order = [...idsOf(context.roles), role.id];
      await this.insertRole(stores, environment.uid, role, permissions);
      await stores.environments.update(environment.uid, { order });
      const after = { ...state, environment: { ...environment, order }, roles: new Map(roles).set(role.id, role) };
      return viewRole(this.tools.digest, environmentContext(after), role, permissions.toSorted());
    });
  }

  private createCustomRole(
    environmentId: EnvironmentId,
    organizationId: OrganizationId,
    draft: Omit<Role, "organizationId" | "createdRevision">,
    permissions: readonly PermissionSlug[],
    attempt: Attempt,
  ): Promise<RoleView> {
    const { transactions, quotas } = this.tools;
    return transactions.inSettledOrganization(
      environmentId,
      organizationId,
      attempt,
      async (stores, state, organization) => {
        const { customRoles } = organization;
        if (customRoles.length >= quotas.customRoles)
          throw refuse.roleLimitReached(`organizations/${organizationId}`, quotas.customRoles);
        const role: Role = { organizationId, createdRevision: organization.revision, ...draft };
        const { own, context } = withCustomRole(role, state, organization);
        await this.insertRole(stores, state.environment.uid, role, permissions);
        await stores.organizations.saveOwn(state.environment.uid, organizationId, own);
        return viewRole(this.tools.digest, context, role, permissions.toSorted());
      },
    );
  }

  private async insertRole(stores: Stores, uid: EnvironmentUid, role: Role, slugs: readonly PermissionSlug[]) {
    const ids = await this.permissionIds(stores, uid, slugs);
    await stores.roles.insert(uid, role);
    await stores.roles.addPermissions(uid, role, [...ids.values()]);
  }

  async getRole(request: Scope & { readonly slug: string }): Promise<RoleView> {
    const fields = new Fields();
    const scope = parseScope(fields, request);
    const slug = fields.required("slug", request.slug, parseSlug);
    fields.check();

    const { context, permissions } = await this.holding(scope);
    const role = effectiveRole(context, slug);
    return viewRole(this.tools.digest, context, role, permissions.get(role.id) ?? []);
  }

  /** What holds in a scope now. */
  private async holding({ environmentId, organizationId }: ParsedScope): Promise<Holding> {
    const moment = await this.tools.snapshots.moment(environmentId, organizationId ? [{ organizationId }] : []);
    return organizationId ? moment.organization(organizationId).holding : moment.environment;
  }

  async listEnvironmentRoles(request: { readonly environmentId: string } & PageRequest): Promise<RolePage> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const list = ["ListEnvironmentRoles", environmentId];
    const page = parsePage(fields, request, list);
    fields.check();
    return this.list(list, page(), { environmentId, organizationId: undefined });
  }

  async listOrgRoles(request: OrganizationScope & PageRequest): Promise<RolePage> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const list = ["ListOrgRoles", scope.environmentId, scope.organizationId];
    const page = parsePage(fields, request, list);
    fields.check();
    return this.list(list, page(), scope);
  }

  private async list(list: readonly string[], { size, after }: PagePosition, scope: ParsedScope): Promise<RolePage> {
    const holding = await this.holding(scope);
    const { context, permissions } = holding;
    const { digest } = this.tools;
    const whole = !after && size >= context.roles.length;
    const made = whole ? this.pages.get(holding) : undefined;
    if (made) return made;
    const start = after ? positionAfter(context.roles, after) : 0;
    const items = await firstPage(context.roles.slice(start, start + size), (role) =>
      viewRole(digest, context, role, permissions.get(role.id) ?? []),
    );
    const end = start + items.length;
    const last = items.at(-1);
    const nextPageToken = last && end < context.roles.length ? encodeToken(list, { key: last.id, position: end }) : "";
    const page = { items, nextPageToken, config: viewConfig(digest, context) };
    if (whole && !nextPageToken) this.pages.set(holding, page);
    return page;
  }

  async updateRole(request: UpdateRole, call: Call): Promise<RoleView> {
    const fields = new Fields();
    const scope = parseScope(fields, request);
    const slug = fields.required("slug", request.slug, parseSlug);
    if (slug && request.updateMask?.includes("slug")) throw refuse.slugImmutable(slug);
    const mask = fields.mask(request.updateMask, ["name", "description", "permissions"]);
    const values = request.role;
    if (!values) fields.refuse("role", "is required");
    const changes = {
      ...(mask.has("name") && { name: fields.required("role.name", values?.name, parseName) }),
      ...(mask.has("description") && {
        description: fields.required("role.description", values?.description, parseDescription),
      }),
    };
    const wanted = mask.has("permissions")
      ? fields.set("role.permissions", values?.permissions ?? [], parsePermissionSlug)
      : undefined;
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();
    if (wanted) this.checkPermissionQuota(slug, wanted.length);

    return this.change(scope, slug, attempt, (permissions, role) => {
      if (etag && etag !== roleEtag(this.tools.digest, role, permissions)) throw refuse.etagMismatch(etag);
      return { changes, permissions: wanted };
    });
  }

  async addRolePermissions(request: ChangeRolePermissions, call: Call): Promise<RoleView> {
    const { scope, slug, permissions, attempt } = this.parsePermissionChange(request, call);
    this.checkPermissionQuota(slug, permissions.length);
    return this.change(scope, slug, attempt, (present) => ({
      permissions: [...new Set([...present, ...permissions])],
      named: permissions,
    }));
  }

  async removeRolePermissions(request: ChangeRolePermissions, call: Call): Promise<RoleView> {
    const { scope, slug, permissions, attempt } = this.parsePermissionChange(request, call);
    const removed = new Set(permissions);
    return this.change(scope, slug, attempt, (present) => ({
      permissions: present.filter((permission) => !removed.has(permission)),
      named: permissions,
    }));
  }

  private parsePermissionChange(request: ChangeRolePermissions, call: Call) {
    const fields = new Fields();
    const scope = parseScope(fields, request);
    const slug = fields.required("slug", request.slug, parseSlug);
    const permissions = fields.set("permissions", request.permissions, parsePermissionSlug);
    if (permissions.length > this.tools.quotas.permissions)
      fields.refuse("permissions", `must name at most ${this.tools.quotas.permissions} permissions`);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();
    return { scope, slug, permissions, attempt };
  }

  /** Changes one role under its scope's lock; `named` permissions must exist even where they make no difference. */
  private change(
    scope: ParsedScope,
    slug: Slug,
    attempt: Attempt,
    decide: (
      permissions: readonly PermissionSlug[],
      role: Role,
    ) => {
      changes?: Partial<Pick<Role, "name" | "description">>;
      permissions?: readonly PermissionSlug[] | undefined;
      named?: readonly PermissionSlug[];
    },
  ): Promise<RoleView> {
    const updateTime = this.tools.clock();
    return this.tools.transactions.inScope(scope, attempt, async (stores, { context, state }) => {
      const { uid } = state.environment;
      const role = ownRole(context, slug, scope.organizationId);
      const present = (await stores.roles.permissionsOf(uid, [role.organizationId], role.id)).get(role.id) ?? [];
      const { changes = {}, permissions = present, named = permissions } = decide(present, role);
      const before = new Set(present);
      const after = new Set(permissions);
      const added = permissions.filter((permission) => !before.has(permission));
      const removed = present.filter((permission) => !after.has(permission));
      if (added.length) this.checkPermissionQuota(slug, permissions.length);
      const ids = await this.permissionIds(stores, uid, named, removed);
      const idsFor = (slugs: readonly PermissionSlug[]) => slugs.flatMap((permission) => ids.get(permission) ?? []);
      await stores.roles.update(uid, role, { ...changes, updateTime });
      await stores.roles.addPermissions(uid, role, idsFor(added));
      await stores.roles.removePermissions(uid, role, idsFor(removed));
      return viewRole(this.tools.digest, context, { ...role, ...changes, updateTime }, permissions.toSorted());
    });
  }

  async suggestSlug(request: OrganizationScope & { readonly name: string }, { signal }: Call): Promise<Slug> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const name = fields.required("name", request.name, parseName);
    fields.check();

    return this.tools.transactions.read(scope, signal, async (_, { context }) =>
      suggestSlug(name, new Set(slugsOf(context.roles))),
    );
  }

  /** The ids of permissions that must exist, and of others where they still do. */
  private async permissionIds(
    stores: Stores,
    uid: EnvironmentUid,
    required: readonly PermissionSlug[],
    others: readonly PermissionSlug[] = [],
  ): Promise<ReadonlyMap<PermissionSlug, PermissionId>> {
    const ids = await stores.permissions.idsOf(uid, [...new Set([...required, ...others])]);
    const unknown = required.filter((slug) => !ids.has(slug));
    if (unknown.length) throw refuse.permissionUnknown(unknown);
    return ids;
  }

  private checkPermissionQuota(role: string, count: number): void {
    const limit = this.tools.quotas.permissionsPerRole;
    if (count > limit) throw refuse.permissionLimitReached(`roles/${role}`, limit);
  }
}
