/** An organization in its environment. */
export interface OrganizationScope {
  readonly environmentId: string;
  readonly organizationId: string;
}
