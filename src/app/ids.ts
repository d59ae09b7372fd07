import { createHash, randomFillSync } from "node:crypto";
import { ulid } from "ulid";
import type { EnvironmentUid, EventId, Ids, OrganizationUid, PermissionId, RoleId } from "../domain/ids";

const randomness = Buffer.alloc(4096);
let spent = randomness.length;

/**
 * Returns a random number from 0 to 1, as `ulid` draws one by itself, out of a buffer that is filled 4096 bytes at a time:
 * an id takes sixteen numbers, and asking the system for each takes longer than a statement.
 */
function random(): number {
  if (spent === randomness.length) {
    randomFillSync(randomness);
    spent = 0;
  }
  const byte = randomness[spent] ?? 0;
  spent += 1;
  return byte / 256;
}

const newUlid = () => ulid(undefined, random);

export const ids: Ids = {
  role: () => `role_${newUlid()}` as RoleId,
  permission: () => `perm_${newUlid()}` as PermissionId,
  event: () => `evt_${newUlid()}` as EventId,
  environment: () => newUlid() as EnvironmentUid,
  organization: () => newUlid() as OrganizationUid,
};

/** Returns 16 characters of the SHA-256 of a text. */
export const digest = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 16);
