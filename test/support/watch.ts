import { equal, ok } from "node:assert/strict";
import type { TestClient } from "./client";

export interface Member {
  readonly organizationId: string;
  readonly userId: string;
}

export const nameOf = ({ organizationId, userId }: Member) => `${organizationId} ${userId}`;

/** Every member of an organization, and its roles. */
export async function membersOf(client: TestClient, environmentId: string, organizationId: string) {
  const found = new Map<string, string[]>();
  for (let pageToken = ""; ; ) {
    const request = { environmentId, organizationId, pageSize: 1000, pageToken };
    const { memberships, nextPageToken } = await client.memberships.listMemberships(request);
    for (const { userId, roleSlugs } of memberships) found.set(userId, roleSlugs);
    pageToken = nextPageToken;
    if (!pageToken) return found;
  }
}

/** Reads members while others write, and knows what must never be seen. */
export class Watch {
  /** Members that were acknowledged, and nobody deletes. */
  readonly acknowledged: Member[] = [];
  /** Roles whose deletion was acknowledged. */
  readonly gone = new Set<string>();
  /** Roles there have ever been. */
  readonly known: Set<string>;
  /** The answers of each reader about each member, repetitions left out, in the order in which it got them. */
  readonly sequences = new Map<string, string[]>();
  over = false;

  constructor(
    readonly environmentId: string,
    readonly organizations: readonly string[],
    known: readonly string[],
  ) {
    this.known = new Set(known);
  }

  /** Reads over and over, in every process, while the work lasts; a read that fails fails the work. */
  async during<T>(clients: readonly TestClient[], work: Promise<T>): Promise<T> {
    const readers = clients.map((client, index) => this.read(client, `reader ${index}`));
    const both = Promise.all(readers);
    const done = await Promise.race([work, both.then(() => work)]).finally(() => {
      this.over = true;
    });
    for (const count of await both) ok(count > 0);
    return done;
  }

  private async read(client: TestClient, reader: string): Promise<number> {
    const { environmentId, organizations } = this;
    let count = 0;
    for (; !this.over || count === 0; count += 1) {
      const organizationId = organizations[count % organizations.length] ?? "";
      const gone = new Set(this.gone);
      const acknowledged = this.acknowledged.filter((member) => member.organizationId === organizationId);
      const list = await membersOf(client, environmentId, organizationId);
      for (const { userId } of acknowledged) ok(list.has(userId), `${userId} was acknowledged and is not listed`);
      for (const [userId, slugs] of list) this.see(reader, { organizationId, userId }, slugs, gone);

      const member = this.acknowledged[(count * 7) % this.acknowledged.length];
      if (!member) continue;
      const scope = { environmentId, ...member };
      const goneBefore = new Set(this.gone);
      const { membership } = await client.memberships.getMembership(scope);
      this.see(reader, member, membership?.roleSlugs ?? [], goneBefore);
      equal(membership?.primaryRoleSlug, membership?.roleSlugs[0]);
      const access = await client.access.getAccess(scope);
      this.see(reader, member, access.roles, goneBefore);
      equal(access.role, access.roles[0]);
    }
    return count;
  }

  private see(reader: string, member: Member, slugs: readonly string[], gone: ReadonlySet<string>): void {
    ok(slugs.length > 0, `${nameOf(member)} has no role`);
    for (const slug of slugs) {
      ok(this.known.has(slug), `${nameOf(member)} has ${slug}`);
      ok(!gone.has(slug), `${nameOf(member)} still has ${slug}`);
    }
    const key = `${reader}: ${nameOf(member)}`;
    const sequence = this.sequences.get(key) ?? [];
    if (sequence.at(-1) !== slugs.join()) sequence.push(slugs.join());
    this.sequences.set(key, sequence);
  }
}
