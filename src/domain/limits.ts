/** Every limit of the contract, in one place. Lengths are in characters (code points). */
export const limits = {
  idLength: 64,
  slugLength: 48,
  nameLength: 48,
  displayNameLength: 64,
  descriptionLength: 150,
  /** What is left of a name in a generated slug: 48 less a hyphen and six characters of the id. */
  generatedSlugStemLength: 41,
  generatedSlugSuffixLength: 6,
  /** More than any token that the server makes has. */
  pageTokenLength: 2048,
  defaultPageSize: 100,
  maxPageSize: 1000,
  /** Bytes of names, descriptions and permission slugs after which a page of roles ends early. */
  pageBytes: 2 * 1024 * 1024,
  /** Roles of all members together after which a page of members ends early. */
  pageRoleReferences: 30_000,
  /** Roles that one result of a batch of checks names. */
  grantedByInBatch: 40,
  requestBytes: 1024 * 1024,
  /** Slugs listed in one metadata value before it is cut with `…`. */
  slugsInMetadata: 20,
  slugsInMessage: 3,
  /** Items of one batch, groups of one member. */
  batchItems: 1000,
  /** Slugs or paths of one list of a request, repeats included. */
  listItems: 50_000,
  /** Messages inside one request: far more than any that is valid has. */
  requestMessages: 10_000,
  /** Fields that a message does not have, after which the rest of a request is not read. */
  unknownFields: 1000,
  /** Characters of a group id that no rule allows, as it is returned. */
  ignoredGroupIdLength: 256,
  nearestRoles: 10,
  /** Members that one transaction rewrites. */
  settledMembers: 500,
  /**
   * Longer than any transaction can be under way, in milliseconds: a server ends the connection of a client that has
   * stopped in the middle of one much earlier (eight hours by default).
   */
  longestTransaction: 24 * 60 * 60 * 1000,
  violations: 100,
  namedOrganizations: 100,
  /** How long a request id is remembered, in milliseconds. */
  requestIdLifetime: 24 * 60 * 60 * 1000,
} as const;

/** How much one scope may hold; configurable. */
export interface Quotas {
  readonly environmentRoles: number;
  readonly customRoles: number;
  readonly permissions: number;
  readonly permissionsPerRole: number;
}

export const defaultQuotas: Quotas = {
  environmentRoles: 200,
  customRoles: 200,
  permissions: 2000,
  permissionsPerRole: 500,
};
