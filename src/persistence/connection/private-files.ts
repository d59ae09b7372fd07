import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import path from "node:path";

const ofOthers = 0o007;

/**
 * Creates a missing database file that only its owner can read. SQLite would create one that everybody can read, and
 * gives the files beside it the mode of the database file. Creates a missing folder for the owner only.
 */
export function createPrivately(file: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o700 });
  if (!statOf(file)) closeSync(openSync(file, "a", 0o600));
}

/**
 * Makes a database file, and the files beside it, readable for their owner only if everybody can read them. Leaves
 * files that a group can read: somebody has decided so.
 */
export function makePrivate(file: string): void {
  for (const one of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) {
    if (!((statOf(one)?.mode ?? 0) & ofOthers)) continue;
    try {
      chmodSync(one, 0o600);
    } catch {
      // the file of another user, or a file system without modes
    }
  }
}

const statOf = (file: string) => statSync(file, { throwIfNoEntry: false });
