import { refuse } from "../domain/errors";
import { resourceType } from "./views";

/** Returns the refusal of what belongs to the other service only. */
export const notServed = (what: string) =>
  refuse.methodUnknown(`${what} is not part of this service, which serves roles and permissions of organizations`);

export interface NamedResource {
  readonly resource_id?: string | undefined;
  readonly resource_external_id?: string | undefined;
  readonly resource_type_slug?: string | undefined;
}

/** Throws METHOD_UNKNOWN for the type of another resource than an organization. */
export function refuseOtherTypes({ resource_type_slug: type = resourceType }: NamedResource): void {
  if (type !== resourceType) throw notServed(`The resource type '${type.slice(0, 64)}'`);
}

/** Throws METHOD_UNKNOWN for any other resource than the organization itself. */
export function refuseOtherResources(named: NamedResource, organizationId: string): void {
  refuseOtherTypes(named);
  for (const id of [named.resource_id, named.resource_external_id])
    if (id !== undefined && id !== organizationId) throw notServed("A resource inside an organization");
}
