import { type EffectiveRoles, type RoleConfigView, idsOf, slugsOf, viewConfig } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import { differenceFromPermutation } from "../../domain/priority";
import type { RoleView } from "../../domain/role";
import { type Slug, parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { checkEtag, requireOwnConfig } from "./role-config";
import { readFirstPage } from "./role-page";

export interface SetPriority extends Scope {
  readonly slugs: readonly string[];
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export async function setPriority(
  dependencies: Dependencies,
  request: SetPriority,
  call: Call,
): Promise<{ roles: RoleView[]; config: RoleConfigView }> {
  const fields = new Fields();
  const scope = parseScope(fields, request);
  const slugs = fields.list("slugs", request.slugs, parseSlug);
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const { digest, transactions } = dependencies;
  return transactions.updateMaterializedScope(
    scope,
    context,
    async (stores, { state: { environment }, effective, organization }) => {
      requireOwnConfig(effective, scope.organizationId);
      checkEtag(dependencies, effective, etag);
      const after = { ...effective, roles: reordered(effective, slugs) };
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

function reordered(effective: EffectiveRoles, slugs: readonly Slug[]) {
  const difference = differenceFromPermutation(slugs, slugsOf(effective.roles));
  if (difference) throw refuse.priorityOrderMismatch(difference);
  const bySlug = new Map(effective.roles.map((role) => [role.slug, role]));
  return slugs.flatMap((slug) => bySlug.get(slug) ?? []);
}
