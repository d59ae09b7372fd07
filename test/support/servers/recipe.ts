import type { Guard } from "./guard";

export type Engine = "mariadb" | "mysql";

/** One way to run a server; finding it costs nothing that has to be cleaned up. */
export interface Recipe {
  readonly engine: Engine;
  readonly origin: string;
  /** Fills the data folder, once. */
  prepare?(guard: Guard): Promise<void>;
  /** Ends with flags for the server: runs in the foreground, accepts root without a password on the port of 127.0.0.1 and reports the mark. */
  command(place: Place): string[];
  /** For servers that do not end with the process of the command. */
  readonly kill?: readonly string[];
  /** Run at the end, whatever happened before. */
  readonly cleanups?: readonly string[][];
}

export interface Place {
  readonly folder: string;
  readonly port: number;
  /** Tells this server from a stranger that took the port first. */
  readonly mark: string;
}

/** Little memory and no flush per commit: a killed server keeps its data, a machine without power may not. */
export const tuning = ({ mark }: Place): string[] => [
  "--innodb-flush-log-at-trx-commit=2",
  "--innodb-buffer-pool-size=64M",
  "--max-connections=500",
  "--skip-log-bin",
  "--character-set-server=utf8mb4",
  `--report-host=${mark}`,
];

const asRoot = process.getuid?.() === 0 ? ["--user=root"] : [];

/** What bootstrap and server have to agree on. */
export const storage = (folder: string): string[] => [...asRoot, `--datadir=${folder}/data`, `--tmpdir=${folder}/tmp`];

/** TCP on loopback only; without a socket file, whose path could be too long. */
export const network = ({ folder, port }: Place): string[] => [
  "--bind-address=127.0.0.1",
  `--port=${port}`,
  "--socket=",
  `--pid-file=${folder}/server.pid`,
];
