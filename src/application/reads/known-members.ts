import type { MemberKey, Membership } from "../../domain/membership";

/** A user as an organization had stored it at a revision. `member` is undefined for a user who was no member. */
export interface CachedMember {
  readonly revision: number;
  readonly member: Membership | undefined;
}

/** The users of whom a read knows what is stored, if it finds their organizations at the revisions in memory. */
export class KnownMembers {
  private readonly known = new Map<string, CachedMember>();

  add(key: MemberKey, member: CachedMember): void {
    this.known.set(keyOf(key), member);
  }

  has(key: MemberKey): boolean {
    return this.known.size > 0 && this.known.has(keyOf(key));
  }

  /** Returns what is known of a user, and else what `find` returns. */
  get(key: MemberKey, find: (key: MemberKey) => Membership | undefined): Membership | undefined {
    const known = this.known.size ? this.known.get(keyOf(key)) : undefined;
    return known ? known.member : find(key);
  }
}

/** Returns the key of a user in caches. A uid of an organization is unique among all environments. */
export const keyOf = ({ organizationUid, userId }: MemberKey) => `${organizationUid} ${userId}`;
