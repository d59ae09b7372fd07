import { effectiveRole, replacementRole } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { limits } from "../../domain/limits";
import type { Role, Tombstone } from "../../domain/role";
import { predecessors } from "../../domain/role-resolution";
import { parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { countMembersWithRole } from "../memberships/count-members-with-role";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { checkRoleEtag } from "./role-etag";

export interface DeleteEnvironmentRole {
  readonly environmentId: string;
  readonly slug: string;
  readonly replacementDefaultRoleSlug?: string | undefined;
  readonly validateOnly: boolean;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface DeleteEnvironmentRoleResult {
  readonly affectedOrganizationCount: number;
  readonly reassignedMembershipCount: number;
  readonly validateOnly: boolean;
}

const replacementField = "replacement_default_role_slug";

/**
 * Deletes an environment role. Throws ROLE_NOT_FOUND, ETAG_MISMATCH, REPLACEMENT_ROLE_INVALID, and
 * REPLACEMENT_DEFAULT_ROLE_REQUIRED where a scope would be left without a default. Locks the environment, and then the
 * roles of all members, before these are counted: otherwise the rewriting of references moves members past the count.
 * Organizations are counted before the second lock, so that writers of organizations do not wait for that count, which
 * grows with their number. Their defaults may therefore change after it: such a default is resolved when it is read.
 */
export async function deleteEnvironmentRole(
  dependencies: Dependencies,
  request: DeleteEnvironmentRole,
  call: Call,
): Promise<DeleteEnvironmentRoleResult> {
  const fields = new Fields();
  const { environmentId, slug, replacementSlug, etag, context } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    slug: fields.required("slug", request.slug, parseSlug),
    replacementSlug: fields.optional(replacementField, request.replacementDefaultRoleSlug, parseSlug),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const { validateOnly } = request;
  const { transactions, clock } = dependencies;
  return transactions.previewOrApply(
    { environmentId, organizationId: undefined },
    { validateOnly, context },
    async (stores, { state, effective }, lockAllMembers) => {
      const { environment } = state;
      const role = effectiveRole(effective, slug);
      await checkRoleEtag(dependencies, stores, state, role, etag);
      const replacement = replacementRole(replacementField, replacementSlug, role, effective.roles);
      const affectedOrganizationCount = await countAffectedOrganizations(stores, state, role, replacement);
      await lockAllMembers();
      const { asOnlyRole: reassignedMembershipCount } = await countMembersWithRole(stores, state, role);
      return {
        response: { affectedOrganizationCount, reassignedMembershipCount, validateOnly },
        apply: async () => {
          const tombstone = createTombstone(state, role, replacement);
          await stores.roles.softDelete(environment.uid, role.id, tombstone, clock());
          await stores.environments.requestRewriting(environment.uid);
          await stores.environments.update(environment.uid, {
            defaultRoleId: tombstone.environmentDefaultRoleId,
            order: environment.order.filter((id) => id !== role.id),
          });
        },
      };
    },
  );
}

function createTombstone({ environment }: EnvironmentState, role: Role, replacement: Role | undefined): Tombstone {
  const isDefault = environment.defaultRoleId === role.id;
  return {
    deletedRevision: environment.revision,
    replacementRoleId: replacement?.id,
    environmentDefaultRoleId: isDefault && replacement ? replacement.id : environment.defaultRoleId,
  };
}

/**
 * Counts the organizations whose own default the deletion changes. Throws REPLACEMENT_DEFAULT_ROLE_REQUIRED where one of
 * them or the environment would be left without a default.
 */
async function countAffectedOrganizations(
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
  const organizationIds = await stores.organizations.listByDefault(environment.uid, defaultRoleIds, namedOrganizations);
  throw refuse.replacementDefaultRoleRequired(replacementField, role.slug, {
    count,
    organizationIds,
    isEnvironmentDefault,
  });
}
