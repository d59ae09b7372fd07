const slugLength = 48;
const generatedSlugSuffixLength = 6;

/** Every limit of the contract, in one place. Lengths are in characters (code points). */
export const limits = {
  idLength: 64,
  slugLength,
  nameLength: 48,
  displayNameLength: 64,
  descriptionLength: 150,
  /** Characters of the id at the end of a generated slug. */
  generatedSlugSuffixLength,
  /** Characters of the name in a generated slug: all but the suffix and the hyphen before it. */
  generatedSlugStemLength: slugLength - generatedSlugSuffixLength - 1,
  /** Longer than any token that the server makes. */
  pageTokenLength: 2048,
  defaultPageSize: 100,
  maxPageSize: 1000,
  /** Bytes of names, descriptions and permission slugs after which a page of roles ends early. */
  pageBytes: 2 * 1024 * 1024,
  /** Roles of all its members after which a page of members ends early. */
  pageRoleReferences: 30_000,
  /** Members that a page of a role's members looks at before it ends early. */
  membersLookedAt: 5000,
  /** Organizations that such a page looks at for restricted credentials. */
  organizationsLookedAt: 100,
  /** Organizations in which one transaction ends memberships of a user. */
  organizationsAtOnce: 20,
  /** Granting roles that one result of a batch of checks names. */
  grantedByInBatch: 40,
  requestBytes: 1024 * 1024,
  /** Bytes of events after which a page of them ends early. */
  eventPageBytes: 1024 * 1024,
  /** About as many bytes as an event takes beside its content. */
  eventBytesBesideContent: 400,
  /** Bytes of events after which a message of a watch ends: a watch has one of them on its way. */
  watchMessageBytes: 32 * 1024,
  /** The newest events of an environment that are in memory while it is watched, and their bytes. */
  recentEvents: 1000,
  recentEventBytes: 1024 * 1024,
  /** The bytes of the newest events of all environments. */
  recentEventBytesInAll: 32 * 1024 * 1024,
  /** Watches of one connection: half of its streams. */
  watchesOfConnection: 32,
  /** Events after which a page ends, however few of them its filter has selected. */
  eventsLookedAt: 2000,
  /** Slugs listed in one metadata value before it is cut with `…`. */
  slugsInMetadata: 20,
  slugsInMessage: 3,
  /** Items of one batch, groups of one member. */
  batchItems: 1000,
  /** Slugs or paths of one list of a request, repeats included. */
  listItems: 50_000,
  /** Messages inside one request: far more than any valid request has. */
  requestMessages: 10_000,
  /** Unknown fields after which the rest of a request is not read. */
  unknownFields: 1000,
  /** Characters returned of a group id that breaks the rule for ids. */
  ignoredGroupIdLength: 256,
  nearestRoles: 10,
  /** Pending members that one transaction materializes. */
  materializedMembers: 500,
  /**
   * Milliseconds, longer than any transaction lasts: a server closes the connection of a client that has stopped in the
   * middle of a transaction much earlier (after eight hours by default).
   */
  longestTransaction: 24 * 60 * 60 * 1000,
  violations: 100,
  namedOrganizations: 100,
  /** Milliseconds during which a request id returns the first response. */
  requestIdLifetime: 24 * 60 * 60 * 1000,
} as const;

/** Configurable limits of one scope. */
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
