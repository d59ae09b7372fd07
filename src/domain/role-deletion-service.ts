import { refuse } from "./errors";
import { Fault } from "./fault";
import { Fields, parseEtag } from "./fields";
import { limits } from "./limits";
import { type Role, type Tombstone, isLive, roleEtag } from "./role";
import { countHolders } from "./holders";
import { type Context, idsOf } from "./role-config";
import {
  type OrganizationScope,
  effectiveRole,
  ownRole,
  parseEnvironmentId,
  parseOrganizationScope,
  replacementRole,
} from "./scope";
import { type Slug, parseSlug } from "./slug";
import type { EnvironmentState, OrganizationState } from "./state";
import type { Stores } from "./stores";
import { mappedRole, predecessors } from "./succession";
import type { Tools } from "./tools";
import { type Call, parseAttempt } from "./attempt";

export interface DeleteEnvironmentRole {
  readonly environmentId: string;
  readonly slug: string;
  readonly replacementDefaultRoleSlug?: string | undefined;
  readonly validateOnly: boolean;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface DeleteOrgRole extends OrganizationScope {
  readonly slug: string;
  readonly replacementRoleSlug?: string | undefined;
  readonly validateOnly: boolean;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface DeletedEnvironmentRole {
  readonly affectedOrganizationCount: number;
  readonly reassignedMembershipCount: number;
  readonly validateOnly: boolean;
}

export interface DeletedOrgRole {
  readonly reassignedMembershipCount: number;
  readonly movedGroupRoleCount: number;
  readonly validateOnly: boolean;
}

/** Deletes roles, or with `validateOnly` says what that would do. */
export class RoleDeletionService {
  constructor(private readonly tools: Tools) {}

  async deleteEnvironmentRole(request: DeleteEnvironmentRole, call: Call): Promise<DeletedEnvironmentRole> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const slug = fields.required("slug", request.slug, parseSlug);
    const replacementField = "replacement_default_role_slug";
    const replacementSlug = fields.optional(replacementField, request.replacementDefaultRoleSlug, parseSlug);
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    const { validateOnly } = request;
    fields.check();

    const scope = { environmentId, organizationId: undefined };
    return this.tools.transactions.decided(scope, { validateOnly, attempt }, async (stores, { state, context }) => {
      const { environment, roles } = state;
      const role = effectiveRole(context, slug);
      await this.checkEtag(stores, state, role, etag);
      const liveRoles = [...roles.values()].filter(isLive);
      const replacement = replacementRole(replacementField, replacementSlug, role, liveRoles);
      const affectedOrganizationCount = await this.affectedOrganizations(stores, state, role, replacement);

      const isDefault = environment.defaultRoleId === role.id;
      const tombstone: Tombstone = {
        deletedRevision: environment.revision,
        replacementRoleId: replacement?.id,
        environmentDefaultRoleId: isDefault && replacement ? replacement.id : environment.defaultRoleId,
      };
      if (!validateOnly) await stores.environments.lockSuccession(environment.uid); // the sweep must not move members past the count
      const { alone: reassignedMembershipCount } = await countHolders(stores, state, role);
      return {
        answer: { affectedOrganizationCount, reassignedMembershipCount, validateOnly },
        apply: async () => {
          await stores.roles.bury(environment.uid, role.id, tombstone, this.tools.clock());
          await stores.environments.requestSweep(environment.uid);
          await stores.environments.update(environment.uid, {
            defaultRoleId: tombstone.environmentDefaultRoleId,
            order: environment.order.filter((id) => id !== role.id),
          });
        },
      };
    });
  }

  /** Counts the organizations whose own default would be switched; refuses where a default would be left without. */
  private async affectedOrganizations(
    stores: Stores,
    { environment, roles }: EnvironmentState,
    role: Role,
    replacement: Role | undefined,
  ): Promise<number> {
    const defaultRoleIds = predecessors(roles, role.id);
    const count = await stores.organizations.countByDefault(environment.uid, defaultRoleIds);
    const isEnvironmentDefault = environment.defaultRoleId === role.id;
    if (replacement || (count === 0 && !isEnvironmentDefault)) return count;
    const { namedOrganizations } = limits;
    const organizationIds = await stores.organizations.listByDefault(
      environment.uid,
      defaultRoleIds,
      namedOrganizations,
    );
    throw refuse.replacementDefaultRoleRequired(role.slug, { count, organizationIds, isEnvironmentDefault });
  }

  async deleteOrgRole(request: DeleteOrgRole, call: Call): Promise<DeletedOrgRole> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const slug = fields.required("slug", request.slug, parseSlug);
    const replacementField = "replacement_role_slug";
    const replacementSlug = fields.optional(replacementField, request.replacementRoleSlug, parseSlug);
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    const { validateOnly } = request;
    fields.check();

    const { transactions } = this.tools;
    return transactions.decided(scope, { validateOnly, attempt }, async (stores, { state, context, organization }) => {
      const { uid } = state.environment;
      const role = ownRole(context, slug, scope.organizationId);
      await this.checkEtag(stores, state, role, etag);
      const replacement = replacementRole(replacementField, replacementSlug, role, context.roles);
      if (!organization?.own) throw new Fault("an organization with a custom role has its own configuration");
      const { own } = organization;
      const use = await this.useOf(stores, state, organization, role);
      if (!replacement) this.checkUnused(context, slug, organization, use);
      return {
        answer: { reassignedMembershipCount: use.members, movedGroupRoleCount: use.groups, validateOnly },
        apply: async () => {
          if (replacement && use.members + use.groups) {
            await stores.roles.replace(uid, scope.organizationId, role.id, replacement.id);
            await stores.environments.requestSweep(uid);
          } else await stores.roles.remove(uid, scope.organizationId, role.id);
          await stores.organizations.saveOwn(uid, scope.organizationId, {
            defaultRoleId: replacement && own.defaultRoleId === role.id ? replacement.id : own.defaultRoleId,
            order: idsOf(context.roles).filter((id) => id !== role.id),
          });
        },
      };
    });
  }

  private async useOf(stores: Stores, state: EnvironmentState, organization: OrganizationState, role: Role) {
    const mapped = [role.id, ...organization.replaced.keys()].filter(
      (id) => mappedRole(state, organization, id) === role.id,
    );
    return {
      members: (await countHolders(stores, state, role, organization)).all,
      groups: await stores.groupRoles.count(state.environment.uid, organization.uid, mapped),
    };
  }

  private checkUnused(
    context: Context,
    slug: Slug,
    organization: OrganizationState,
    { members, groups }: { members: number; groups: number },
  ): void {
    if (context.defaultRole.slug === slug)
      throw refuse.replacementDefaultRoleRequired(slug, {
        count: 1,
        organizationIds: [organization.id],
        isEnvironmentDefault: false,
      });
    if (members + groups) throw refuse.roleInUse(slug, members, groups);
  }

  private async checkEtag(stores: Stores, state: EnvironmentState, role: Role, etag: string | undefined) {
    if (!etag) return;
    const permissions = await stores.roles.permissionsOf(state.environment.uid, [role.organizationId], role.id);
    if (etag !== roleEtag(this.tools.digest, role, permissions.get(role.id) ?? [])) throw refuse.etagMismatch(etag);
  }
}
