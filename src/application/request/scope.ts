import { type EnvironmentId, type OrganizationId, parseId } from "../../domain/values";
import type { Fields } from "./fields";

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

export function parseScope(fields: Fields, scope: Scope): ParsedScope {
  return {
    environmentId: parseEnvironmentId(fields, scope),
    organizationId: fields.optional<OrganizationId>("organization_id", scope.organizationId, parseId),
  };
}

export function parseOrganizationScope(fields: Fields, scope: OrganizationScope) {
  return {
    environmentId: parseEnvironmentId(fields, scope),
    organizationId: fields.required<OrganizationId>("organization_id", scope.organizationId, parseId),
  };
}

export function parseEnvironmentId(fields: Fields, scope: { readonly environmentId: string }): EnvironmentId {
  return fields.required<EnvironmentId>("environment_id", scope.environmentId, parseId);
}
