import type { EnvironmentId, OrganizationId } from "./values";

/** An organization as a caller sees it. */
export interface OrganizationView {
  readonly environmentId: EnvironmentId;
  readonly organizationId: OrganizationId;
  readonly inheritsEnvironment: boolean;
  readonly customRoleCount: number;
}
