import { refuse } from "./errors";
import { Fields, parseEtag } from "./fields";
import { differenceFromPermutation } from "./priority";
import type { RoleView } from "./role";
import {
  type Context,
  type RoleConfigView,
  idsOf,
  inheritedConfig,
  organizationContext,
  slugsOf,
  viewConfig,
} from "./role-config";
import { readFirstPage } from "./role-pages";
import { removeIfEmpty } from "./settlement";
import { type OrganizationScope, type Scope, effectiveRole, parseOrganizationScope, parseScope } from "./scope";
import { type Slug, parseSlug } from "./slug";
import type { Tools } from "./tools";
import { type Call, parseAttempt } from "./attempt";

export interface SetPriority extends Scope {
  readonly slugs: readonly string[];
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface SetDefaultRole extends Scope {
  readonly slug: string;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/** Sets the priority order and the default role of an environment or an organization. */
export class RoleConfigService {
  constructor(private readonly tools: Tools) {}

  async setPriority(request: SetPriority, call: Call): Promise<{ roles: RoleView[]; config: RoleConfigView }> {
    const fields = new Fields();
    const scope = parseScope(fields, request);
    const slugs = fields.list("slugs", request.slugs, parseSlug);
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { digest, transactions } = this.tools;
    return transactions.inSettledScope(
      scope,
      attempt,
      async (stores, { state: { environment }, context, organization }) => {
        this.checkOwn(context, scope.organizationId);
        this.checkEtag(context, etag);
        const after = { ...context, roles: reordered(context, slugs) };
        const order = idsOf(after.roles);
        if (organization?.own)
          await stores.organizations.saveOwn(environment.uid, organization.id, { ...organization.own, order });
        else await stores.environments.update(environment.uid, { order });
        return {
          roles: await readFirstPage(digest, stores, environment.uid, after, scope.organizationId),
          config: viewConfig(digest, after),
        };
      },
    );
  }

  async setDefaultRole(request: SetDefaultRole, call: Call): Promise<RoleConfigView> {
    const fields = new Fields();
    const scope = parseScope(fields, request);
    const slug = fields.required("slug", request.slug, parseSlug);
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { digest, transactions } = this.tools;
    return transactions.inSettledScope(
      scope,
      attempt,
      async (stores, { state: { environment }, context, organization }) => {
        this.checkOwn(context, scope.organizationId);
        this.checkEtag(context, etag);
        const after = { ...context, defaultRole: effectiveRole(context, slug) };
        const defaultRoleId = after.defaultRole.id;
        if (organization?.own) {
          const own = { ...organization.own, defaultRoleId, order: idsOf(context.roles) };
          await stores.organizations.saveOwn(environment.uid, organization.id, own);
        } else await stores.environments.update(environment.uid, { defaultRoleId });
        return viewConfig(digest, after);
      },
    );
  }

  /** Gives an organization that inherits its own configuration, as its first custom role would. */
  async takeOwnConfig(request: OrganizationScope, call: Call): Promise<RoleConfigView> {
    const fields = new Fields();
    const { environmentId, organizationId } = parseOrganizationScope(fields, request);
    const attempt = parseAttempt(fields, undefined, call);
    fields.check();

    const { digest, transactions } = this.tools;
    return transactions.inSettledOrganization(
      environmentId,
      organizationId,
      attempt,
      async (stores, state, organization) => {
        const own = organization.own ?? inheritedConfig(state);
        await stores.organizations.saveOwn(state.environment.uid, organizationId, own);
        return viewConfig(digest, organizationContext(state, { ...organization, own }));
      },
    );
  }

  async resetOrgRoleConfig(
    request: OrganizationScope & { readonly requestId?: string | undefined },
    call: Call,
  ): Promise<RoleConfigView> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { digest, transactions } = this.tools;
    return transactions.inSettledScope(scope, attempt, async (stores, { state, organization }) => {
      if (organization?.customRoles.length)
        throw refuse.organizationHasCustomRoles(scope.organizationId, organization.customRoles.length);
      if (organization?.own) {
        await stores.organizations.saveOwn(state.environment.uid, organization.id, undefined);
        await removeIfEmpty(stores, state, organization, this.tools.clock());
      }
      return viewConfig(digest, organizationContext(state, undefined));
    });
  }

  private checkOwn(context: Context, organizationId: string | undefined): void {
    if (organizationId && context.inheritsEnvironment) throw refuse.organizationInheritsEnvironment(organizationId);
  }

  private checkEtag(context: Context, etag: string | undefined): void {
    if (etag && etag !== viewConfig(this.tools.digest, context).etag) throw refuse.etagMismatch(etag);
  }
}

function reordered(context: Context, slugs: readonly Slug[]) {
  const difference = differenceFromPermutation(slugs, slugsOf(context.roles));
  if (difference) throw refuse.priorityOrderMismatch(difference);
  const bySlug = new Map(context.roles.map((role) => [role.slug, role]));
  return slugs.flatMap((slug) => bySlug.get(slug) ?? []);
}
