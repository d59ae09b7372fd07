import type { RoleId } from "../domain/ids";
import type { EnvironmentId, OrganizationId, UserId } from "../domain/values";
import type { MembershipKey, WorkosIds } from "../workos/ids";
import { createSealedText } from "./sealed-text";

const membershipPrefix = "om_";
const assignmentPrefix = "role_assignment_";

/** Bytes of the time and of the length of the organization's id. */
const timeLength = 6;
const headLength = timeLength + 1;
/** The length of the ids of roles: `role_` and 26 characters. */
const roleIdLength = 31;

function packMembership({ organizationId, userId, createTime }: MembershipKey): Buffer {
  const head = Buffer.alloc(headLength);
  head.writeUIntBE(createTime, 0, timeLength);
  head.writeUInt8(organizationId.length, timeLength);
  return Buffer.concat([head, Buffer.from(organizationId + userId, "latin1")]);
}

function unpackMembership(bytes: Buffer): MembershipKey {
  const end = headLength + bytes.readUInt8(timeLength);
  return {
    createTime: bytes.readUIntBE(0, timeLength),
    organizationId: bytes.toString("latin1", headLength, end) as OrganizationId,
    userId: bytes.toString("latin1", end) as UserId,
  };
}

const withoutPrefix = (prefix: string, id: string) => (id.startsWith(prefix) ? id.slice(prefix.length) : "");

/** Seals what an id stands for. Only this code seals with these keys, so that what it opens has the right form. */
export function createWorkosIds(secret: string): WorkosIds {
  const memberships = createSealedText(secret, "membership id");
  const assignments = createSealedText(secret, "role assignment id");
  return {
    ofMembership: (environment, membership) =>
      membershipPrefix + memberships.seal(environment, packMembership(membership)),
    readMembership(environment, id) {
      const bytes = memberships.open(environment, withoutPrefix(membershipPrefix, id));
      return bytes && unpackMembership(bytes);
    },
    ofAssignment: (environment: EnvironmentId, membership, roleId) =>
      assignmentPrefix +
      assignments.seal(environment, Buffer.concat([Buffer.from(roleId, "latin1"), packMembership(membership)])),
    readAssignment(environment, id) {
      const bytes = assignments.open(environment, withoutPrefix(assignmentPrefix, id));
      if (!bytes) return undefined;
      const roleId = bytes.toString("latin1", 0, roleIdLength) as RoleId;
      return { roleId, membership: unpackMembership(bytes.subarray(roleIdLength)) };
    },
  };
}

/** Reads the secret of the ids from the database when it is needed first. */
export class WorkosIdSource {
  private ids: Promise<WorkosIds> | undefined;

  constructor(private readonly readSecret: () => Promise<string>) {}

  /** Forgets the secret: the database may have been replaced by another one. */
  clear(): void {
    this.ids = undefined;
  }

  async get(): Promise<WorkosIds> {
    this.ids ??= this.readSecret().then(createWorkosIds);
    try {
      return await this.ids;
    } catch (error) {
      this.ids = undefined;
      throw error;
    }
  }
}
