import { type EffectiveRoles, type RoleConfigView, idsOf, slugsOf } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import { differenceFromPermutation } from "../../domain/priority";
import type { Role, RoleView } from "../../domain/role";
import { type Slug, parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { changeConfig } from "./change-config";
import { readFirstPage } from "./role-page";

export interface SetPriority extends Scope {
  readonly slugs: readonly string[];
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Changes the priority order of a scope. Throws PRIORITY_ORDER_MISMATCH, ORGANIZATION_INHERITS_ENVIRONMENT and
 * ETAG_MISMATCH. Locks the scope, and for an organization the roles of all members.
 */
export async function setPriority(
  dependencies: Dependencies,
  request: SetPriority,
  call: Call,
): Promise<{ roles: RoleView[]; config: RoleConfigView }> {
  const fields = new Fields();
  const { slugs, ...parsed } = fields.check({
    scope: parseScope(fields, request),
    slugs: fields.list("slugs", request.slugs, parseSlug),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const decide = (before: EffectiveRoles) => {
    const roles = orderRoles(before, slugs);
    return { after: { ...before, roles }, changes: { order: idsOf(roles) } };
  };
  return changeConfig(dependencies, parsed, decide, async (config, stores, { uid }, after) => ({
    roles: await readFirstPage(dependencies.digest, stores, uid, after, parsed.scope.organizationId),
    config,
  }));
}

/** Returns the roles in the given order. Throws PRIORITY_ORDER_MISMATCH unless it names each role exactly once. */
function orderRoles(effective: EffectiveRoles, slugs: readonly Slug[]): Role[] {
  const difference = differenceFromPermutation(slugs, slugsOf(effective.roles));
  if (difference) throw refuse.priorityOrderMismatch(difference);
  const bySlug = new Map(effective.roles.map((role) => [role.slug, role]));
  return slugs.flatMap((slug) => bySlug.get(slug) ?? []);
}
