import { refuse } from "./errors";
import { Fields, parseDescription, parseEtag, parseName, parsePermissionSlug } from "./fields";
import { type Page, type PageRequest, pageOf, parsePage } from "./page";
import type { Permission, PermissionView } from "./role";
import { parseEnvironmentId } from "./scope";
import type { Environment } from "./state";
import { KeyTaken } from "./stores";
import type { Tools } from "./tools";
import { type Call, parseAttempt } from "./attempt";

interface PermissionKey {
  readonly environmentId: string;
  readonly slug: string;
}

export interface CreatePermission extends PermissionKey {
  readonly name: string;
  readonly description: string;
  readonly requestId?: string | undefined;
}

export interface UpdatePermission extends PermissionKey {
  readonly permission: { readonly name: string; readonly description: string } | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface DeletePermission extends PermissionKey {
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/** Manages the permissions of an environment. */
export class PermissionService {
  constructor(private readonly tools: Tools) {}

  async createPermission(request: CreatePermission, call: Call): Promise<PermissionView> {
    const fields = new Fields();
    const { environmentId, slug } = this.parseKey(fields, request);
    const name = fields.required("name", request.name, parseName);
    const description = fields.required("description", request.description, parseDescription);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { transactions, ids, clock, quotas } = this.tools;
    const time = clock();
    const permission = { id: ids.permission(), slug, name, description, createTime: time, updateTime: time };
    try {
      return await transactions.inEnvironment(environmentId, attempt, async (stores, { environment }) => {
        if ((await stores.permissions.count(environment.uid)) >= quotas.permissions)
          throw refuse.permissionLimitReached(`environments/${environmentId}`, quotas.permissions);
        await stores.permissions.insert(environment.uid, permission);
        return this.view(environment, permission);
      });
    } catch (error) {
      throw error instanceof KeyTaken ? refuse.permissionSlugTaken(slug) : error;
    }
  }

  async getPermission(request: PermissionKey, { signal }: Call): Promise<PermissionView> {
    const fields = new Fields();
    const { environmentId, slug } = this.parseKey(fields, request);
    fields.check();

    return this.tools.transactions.readEnvironment(environmentId, signal, async (stores, environment) => {
      const permission = await stores.permissions.find(environment.uid, slug);
      if (!permission) throw refuse.permissionNotFound(slug);
      return this.view(environment, permission);
    });
  }

  async listPermissions(
    request: { readonly environmentId: string } & PageRequest,
    { signal }: Call,
  ): Promise<Page<PermissionView>> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const list = ["ListPermissions", environmentId];
    const page = parsePage(fields, request, list);
    fields.check();

    const { size, after } = page();
    return this.tools.transactions.readEnvironment(environmentId, signal, async (stores, environment) => {
      const found = await stores.permissions.list(environment.uid, after?.key ?? "", size + 1);
      const { items, nextPageToken } = pageOf(list, found, size, (permission) => permission.slug);
      return { items: items.map((permission) => this.view(environment, permission)), nextPageToken };
    });
  }

  async updatePermission(request: UpdatePermission, call: Call): Promise<PermissionView> {
    const fields = new Fields();
    const { environmentId, slug } = this.parseKey(fields, request);
    if (slug && request.updateMask?.includes("slug")) throw refuse.slugImmutable(slug);
    const mask = fields.mask(request.updateMask, ["name", "description"]);
    const values = request.permission;
    if (!values) fields.refuse("permission", "is required");
    const changes = {
      ...(mask.has("name") && { name: fields.required("permission.name", values?.name, parseName) }),
      ...(mask.has("description") && {
        description: fields.required("permission.description", values?.description, parseDescription),
      }),
      updateTime: this.tools.clock(),
    };
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    return this.tools.transactions.inEnvironment(environmentId, attempt, async (stores, { environment }) => {
      const permission = await stores.permissions.find(environment.uid, slug);
      if (!permission) throw refuse.permissionNotFound(slug);
      this.checkEtag(permission, etag);
      await stores.permissions.update(environment.uid, permission.id, changes);
      return this.view(environment, { ...permission, ...changes });
    });
  }

  async deletePermission(request: DeletePermission, call: Call): Promise<{ readonly affectedRoleCount: number }> {
    const fields = new Fields();
    const { environmentId, slug } = this.parseKey(fields, request);
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    return this.tools.transactions.inEnvironment(environmentId, attempt, async (stores, { environment }) => {
      const permission = await stores.permissions.find(environment.uid, slug);
      if (!permission) throw refuse.permissionNotFound(slug);
      this.checkEtag(permission, etag);
      const affectedRoleCount = await stores.permissions.countRoles(environment.uid, permission.id);
      await stores.permissions.remove(environment.uid, permission.id, this.tools.clock());
      return { affectedRoleCount };
    });
  }

  private parseKey(fields: Fields, key: PermissionKey) {
    return {
      environmentId: parseEnvironmentId(fields, key),
      slug: fields.required("slug", key.slug, parsePermissionSlug),
    };
  }

  private etag({ id, name, description }: Permission): string {
    return this.tools.digest(JSON.stringify([id, name, description]));
  }

  private checkEtag(permission: Permission, etag: string | undefined): void {
    if (etag && etag !== this.etag(permission)) throw refuse.etagMismatch(etag);
  }

  private view(environment: Environment, permission: Permission): PermissionView {
    return { environmentId: environment.id, etag: this.etag(permission), ...permission };
  }
}
