import { type EnvironmentId, type OrganizationId, parseId } from "../../domain/values";
import type { Fields, Invalid } from "./fields";

/** A request names an environment, and with an organization that organization in it. */
export interface Scope {
  readonly environmentId: string;
  readonly organizationId?: string | undefined;
}

export interface OrganizationScope {
  readonly environmentId: string;
  readonly organizationId: string;
}

export interface ParsedScope {
  readonly environmentId: EnvironmentId;
  readonly organizationId: OrganizationId | undefined;
}

export interface ParsedOrganizationScope extends ParsedScope {
  readonly organizationId: OrganizationId;
}

export function parseScope(fields: Fields, scope: Scope): ParsedScope | Invalid {
  return fields.group({
    environmentId: parseEnvironmentId(fields, scope),
    organizationId: fields.optional<OrganizationId>("organization_id", scope.organizationId, parseId),
  });
}

export function parseOrganizationScope(fields: Fields, scope: OrganizationScope): ParsedOrganizationScope | Invalid {
  return fields.group({
    environmentId: parseEnvironmentId(fields, scope),
    organizationId: parseOrganizationId(fields, scope),
  });
}

export function parseEnvironmentId(fields: Fields, scope: { readonly environmentId: string }): EnvironmentId | Invalid {
  return fields.required<EnvironmentId>("environment_id", scope.environmentId, parseId);
}

export function parseOrganizationId(
  fields: Fields,
  scope: { readonly organizationId: string },
): OrganizationId | Invalid {
  return fields.required<OrganizationId>("organization_id", scope.organizationId, parseId);
}
