import { effectiveRole, replacementRole } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { limits } from "../../domain/limits";
import { type Role, type Tombstone, isLive } from "../../domain/role";
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

export interface DeletedEnvironmentRole {
  readonly affectedOrganizationCount: number;
  readonly reassignedMembershipCount: number;
  readonly validateOnly: boolean;
}

export async function deleteEnvironmentRole(
  dependencies: Dependencies,
  request: DeleteEnvironmentRole,
  call: Call,
): Promise<DeletedEnvironmentRole> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const slug = fields.required("slug", request.slug, parseSlug);
  const replacementField = "replacement_default_role_slug";
  const replacementSlug = fields.optional(replacementField, request.replacementDefaultRoleSlug, parseSlug);
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  const { validateOnly } = request;
  fields.check();

  const scope = { environmentId, organizationId: undefined };
  return dependencies.transactions.previewOrApply(
    scope,
    { validateOnly, context },
    async (stores, { state, effective }) => {
      const { environment, roles } = state;
      const role = effectiveRole(effective, slug);
      await checkRoleEtag(dependencies, stores, state, role, etag);
      const liveRoles = [...roles.values()].filter(isLive);
      const replacement = replacementRole(replacementField, replacementSlug, role, liveRoles);
      const affectedOrganizationCount = await countAffectedOrganizations(stores, state, role, replacement);

      const isDefault = environment.defaultRoleId === role.id;
      const tombstone: Tombstone = {
        deletedRevision: environment.revision,
        replacementRoleId: replacement?.id,
        environmentDefaultRoleId: isDefault && replacement ? replacement.id : environment.defaultRoleId,
      };
      if (!validateOnly) await stores.environments.lockMemberRoles(environment.uid); // the sweep must not move members past the count
      const { alone: reassignedMembershipCount } = await countMembersWithRole(stores, state, role);
      return {
        answer: { affectedOrganizationCount, reassignedMembershipCount, validateOnly },
        apply: async () => {
          await stores.roles.softDelete(environment.uid, role.id, tombstone, dependencies.clock());
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

/** Counts the organizations whose own default would be switched; refuses where a default would be left without. */
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
  throw refuse.replacementDefaultRoleRequired("replacement_default_role_slug", role.slug, {
    count,
    organizationIds,
    isEnvironmentDefault,
  });
}
