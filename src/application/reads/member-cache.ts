import type { MemberKey, Membership } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { OrganizationId } from "../../domain/values";
import type { Cache } from "../ports/cache";
import { type CachedMember, KnownMembers, keyOf } from "./known-members";
import type { EnvironmentSnapshot, OrganizationSnapshot } from "./read-snapshot";
import type { Organizations, Subject } from "./snapshot-queries";
import { memberBytes } from "./snapshot-size";

/**
 * Keeps members. Whoever writes a member has locked its organization, which raises the revision of the organization in the
 * same transaction. So a member that was read together with a revision is as it was for as long as that revision is the
 * database's, and a read that confirms the revision does not have to read the member.
 */
export class MemberCache {
  constructor(private readonly cache: Cache<CachedMember>) {}

  /** Returns those members of the organizations, as they are in memory, that are known. */
  find(organizations: Organizations, subjects: readonly Subject[]): KnownMembers {
    const found = new KnownMembers();
    forEachMember(organizations, subjects, (key, { state: { revision } }) => {
      const cached = this.cache.get(keyOf(key));
      if (cached?.revision === revision) found.add(key, cached);
    });
    return found;
  }

  /** Keeps members that were read in one state with the organizations. */
  keep(
    { state: { roles } }: EnvironmentSnapshot,
    organizations: Organizations,
    subjects: readonly Subject[],
    known: KnownMembers,
    find: (key: MemberKey) => Membership | undefined,
  ): void {
    const kept = new Set<string>(); // a batch may ask about one member a thousand times
    forEachMember(organizations, subjects, (key, { state }) => {
      const text = keyOf(key);
      if (known.has(key) || kept.has(text)) return;
      kept.add(text);
      const member = find(key);
      const roleIds = member?.roleIds.map((id) => roles.get(id)?.id ?? ownRoleId(state, id)) ?? [];
      const cached = { revision: state.revision, member: member && { ...member, ...key, roleIds } };
      this.cache.set(text, cached, memberBytes(key, roleIds.length));
    });
  }

  bytes(): number {
    return this.cache.bytes();
  }

  clear(): void {
    this.cache.clear();
  }
}

/** Returns the organization's own string for the id of a role, so that no other one stays in memory. */
function ownRoleId({ customRoles }: OrganizationState, id: Membership["roleIds"][number]) {
  return customRoles.find((role) => role.id === id)?.id ?? id;
}

function forEachMember(
  organizations: ReadonlyMap<OrganizationId, OrganizationSnapshot | undefined>,
  subjects: readonly Subject[],
  work: (key: MemberKey, organization: OrganizationSnapshot) => void,
): void {
  for (const { organizationId, userId } of subjects) {
    const organization = userId && organizations.get(organizationId);
    if (organization) work({ organizationUid: organization.state.uid, userId }, organization);
  }
}
