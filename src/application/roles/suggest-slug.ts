import { slugsOf } from "../../domain/effective-roles";
import { type Slug, suggestCustomSlug } from "../../domain/slug";
import { parseName } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";

/** Returns an explicit slug for a new custom role of that name that no role in force has. */
export async function suggestSlug(
  dependencies: Dependencies,
  request: OrganizationScope & { readonly name: string },
  { signal }: Call,
): Promise<Slug> {
  const fields = new Fields();
  const { scope, name } = fields.check({
    scope: parseOrganizationScope(fields, request),
    name: fields.required("name", request.name, parseName),
  });

  return dependencies.transactions.read(scope, signal, async (_, { effective }) =>
    suggestCustomSlug(name, new Set(slugsOf(effective.roles))),
  );
}
