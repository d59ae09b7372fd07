import { slugsOf } from "../../domain/effective-roles";
import { type Slug, suggestCustomSlug, suggestEnvironmentSlug } from "../../domain/slug";
import { parseName } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type OrganizationScope, parseScope } from "../request/scope";

/** Returns an explicit slug for a new role of that name that no role in force has. No organization: an environment role. */
export async function suggestSlug(
  dependencies: Dependencies,
  request: OrganizationScope & { readonly name: string },
  { signal }: Call,
): Promise<Slug> {
  const fields = new Fields();
  const { scope, name } = fields.check({
    scope: parseScope(fields, { ...request, organizationId: request.organizationId || undefined }),
    name: fields.required("name", request.name, parseName),
  });

  const suggest = scope.organizationId === undefined ? suggestEnvironmentSlug : suggestCustomSlug;
  return dependencies.transactions.read(scope, signal, async (_, { effective }) =>
    suggest(name, new Set(slugsOf(effective.roles))),
  );
}
