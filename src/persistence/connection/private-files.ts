import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import path from "node:path";

const ofOthers = 0o007;

/**
 * Creates a missing database file that only its owner reads: SQLite would create one that everybody reads, and gives the
 * files beside it the same mode. A missing folder is created for the owner only; an existing one stays as it is.
 */
export function createPrivately(file: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o700 });
  if (!statOf(file)) closeSync(openSync(file, "a", 0o600));
}

/**
 * Takes a database file and those beside it from everybody but their owner. Files that only a group reads beside the
 * owner stay as they are: somebody has decided so.
 */
export function makePrivate(file: string): void {
  for (const one of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) {
    if (!((statOf(one)?.mode ?? 0) & ofOthers)) continue;
    try {
      chmodSync(one, 0o600);
    } catch {
      // somebody else's file, or a file system without modes: its owner decides
    }
  }
}

const statOf = (file: string) => statSync(file, { throwIfNoEntry: false });
