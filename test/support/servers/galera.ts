import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import mysql, { type RowDataPacket } from "mysql2/promise";
import { freeze } from "../process";
import { type GaleraPrograms, provideGalera } from "./galera-programs";
import { Guard, type Guarded } from "./guard";
import { freePort } from "./local-server";
import { bootstrap, findMariadbProgram } from "./mariadb";
import { within } from "./system";

/** Enough for the logs and tables of the tests, and quickly full. */
const SMALL_DISK_MIB = 250;
const JOIN_SECONDS = 90;
const END_SECONDS = 40;

/** rsync as root changes to another user, who could not write what is copied. */
const user = process.getuid?.() === 0 ? "nobody" : undefined;
const asUser = user ? [`--user=${user}`] : [];

/** Returns whether nodes can be started on small disks, which takes the right to mount them. */
export const canHaveSmallDisks = (): boolean =>
  spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", tmpdir()]).status === 0;

const giveToUser = (folder: string): unknown => user && execFileSync("chown", ["-R", user, folder]);

interface Ports {
  readonly sql: number;
  readonly group: number;
  readonly increments: number;
  readonly copies: number;
}

/** A node of a cluster, in a folder and on ports of its own. */
export class ClusterNode {
  #process: Guarded | undefined;
  #isOnSmallDisk = false;
  readonly #guard = new Guard(tmpdir());

  constructor(
    readonly name: string,
    private readonly ports: Ports,
    private readonly members: string,
    private readonly program: string,
    private readonly galera: GaleraPrograms,
    private readonly patience: readonly string[],
  ) {}

  /** HOST:PORT */
  get host(): string {
    return `127.0.0.1:${this.ports.sql}`;
  }

  get url(): string {
    return `mysql://root@${this.host}`;
  }

  get #storage(): string[] {
    return [...asUser, `--datadir=${this.#data}`, `--tmpdir=${this.#guard.folder}/tmp`, "--innodb-log-file-size=32M"];
  }

  get #data(): string {
    return path.join(this.#guard.folder, "data");
  }

  async prepare(): Promise<void> {
    mkdirSync(path.join(this.#guard.folder, "tmp"));
    await bootstrap(this.program, this.#guard);
    giveToUser(this.#guard.folder);
  }

  /** Starts it, in the cluster that is there or as the first of a new one, and waits until it has all data. */
  async start(isFirst = false): Promise<void> {
    const position = isFirst ? [] : await this.#recover();
    const first = isFirst ? ["--wsrep-new-cluster"] : [];
    await this.#run([this.program, "--no-defaults", ...this.#storage, ...this.#flags(), ...first, ...position]);
  }

  /** Starts it with nothing on a disk of its own, which only its process sees, and waits until it has all data. */
  async startOnSmallDisk(): Promise<void> {
    const mount = `mount -t tmpfs -o size=${SMALL_DISK_MIB}m tmpfs "$0" && chown ${user ?? ""} "$0" && exec "$@"`;
    const server = [this.program, "--no-defaults", ...this.#storage, ...this.#flags()];
    await this.#run(["unshare", "--mount", "sh", "-c", mount, this.#data, ...server]);
    this.#isOnSmallDisk = true;
  }

  async #run(command: readonly string[]): Promise<void> {
    this.#isOnSmallDisk = false;
    const started = await this.#guard.run(command, { env: this.galera.env });
    this.#process = started;
    void started.ended.then(() => this.#process === started && (this.#process = undefined));
    await this.synced(started.ended);
  }

  /** Leaves no room on its small disk. */
  fillDisk(): void {
    if (!this.#process || !this.#isOnSmallDisk) throw new Error(`${this.name} has no small disk.`);
    const file = path.join("/proc", String(this.#process.pid), "root", this.#data, "filler");
    const { stderr } = spawnSync("dd", ["if=/dev/zero", `of=${file}`, "bs=4096"]);
    if (!/No space left/.test(stderr.toString())) throw new Error(`The disk is not full: ${stderr.toString()}`);
  }

  /** Returns once the node is a member with all data. */
  async synced(ended: Promise<string> | undefined = this.#process?.ended): Promise<void> {
    let end: string | undefined;
    void ended?.then((how) => (end = how));
    for (const deadline = Date.now() + JOIN_SECONDS * 1000; Date.now() < deadline; await sleep(50)) {
      if (end !== undefined) throw new Error(`${this.name} ended with ${end}:\n${this.#guard.log()}`);
      if ((await this.state().catch(() => "")) === "Synced") return;
    }
    throw new Error(`${this.name} did not join in ${JOIN_SECONDS} s:\n${this.#guard.log()}`);
  }

  async state(): Promise<string> {
    const [row] = await this.query("SHOW STATUS LIKE 'wsrep_local_state_comment'");
    return String(row?.["Value"]);
  }

  async query(sql: string): Promise<RowDataPacket[]> {
    const connection = await mysql.createConnection({ uri: this.url, connectTimeout: 5000 });
    try {
      return (await connection.query<RowDataPacket[]>({ sql, timeout: 5000 }))[0];
    } finally {
      connection.destroy();
    }
  }

  /** SIGKILL, as a crash. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** In order, as for maintenance. */
  async shutDown(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (!this.#process) return;
    this.#guard.signal(signal);
    await within(END_SECONDS, `the end of ${this.name}`, this.#process.ended);
    this.#process = undefined;
  }

  async freeze(): Promise<void> {
    await freeze(this.#process?.pid ?? 0);
  }

  thaw(): void {
    if (this.#process) process.kill(this.#process.pid, "SIGCONT");
  }

  /** Makes it send and receive nothing of the cluster, as behind a broken switch; its clients still reach it. */
  async setIsolated(isIsolated: boolean): Promise<void> {
    await this.query(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=${isIsolated ? 1 : 0}'`);
  }

  /** Takes what it knows of the cluster, so that it joins by a copy of everything. */
  forget(): void {
    rmSync(path.join(this.#data, "grastate.dat"), { force: true });
  }

  /** The place in the history of a node that crashed is in its tables only. */
  async #recover(): Promise<string[]> {
    const log = path.join(this.#guard.folder, "tmp", "recovery.log");
    rmSync(log, { force: true });
    const flags = [...this.#flags(), "--wsrep-recover", "--skip-networking", `--log-error=${log}`];
    await this.#guard.complete(60, [this.program, "--no-defaults", ...this.#storage, ...flags], {
      env: this.galera.env,
    });
    const found = readFileSync(log, "utf8").match(/Recovered position: *(\S+)/)?.[1];
    return found ? [`--wsrep-start-position=${found}`] : [];
  }

  #flags(): string[] {
    const { sql, group, increments, copies } = this.ports;
    const options = [
      `gmcast.listen_addr=tcp://127.0.0.1:${group}`,
      `ist.recv_addr=127.0.0.1:${increments}`,
      `ist.recv_bind=127.0.0.1:${increments}`,
      "gcache.size=32M",
      ...this.patience.map((option) => `evs.${option}`),
    ];
    return [
      "--bind-address=127.0.0.1",
      `--port=${sql}`,
      "--socket=s.sock",
      `--pid-file=${this.#guard.folder}/tmp/server.pid`,
      "--innodb-flush-log-at-trx-commit=2",
      "--innodb-buffer-pool-size=64M",
      "--max-connections=300",
      "--character-set-server=utf8mb4",
      "--binlog-format=ROW",
      "--innodb-autoinc-lock-mode=2",
      "--wsrep-on=ON",
      `--wsrep-provider=${this.galera.provider}`,
      "--wsrep-cluster-name=orgroles",
      `--wsrep-cluster-address=gcomm://${this.members}`,
      `--wsrep-node-name=${this.name}`,
      `--wsrep-node-address=127.0.0.1:${group}`,
      `--wsrep-provider-options=${options.join(";")}`,
      "--wsrep-sst-method=rsync",
      `--wsrep-sst-receive-address=127.0.0.1:${copies}`,
      "--wsrep-slave-threads=2",
    ];
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.kill();
    await this.#guard.close();
  }
}

/** Three nodes of MariaDB in one Galera cluster on loopback, ended with this process however it ends. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  stop(): Promise<void>;
}

/** How soon nodes take another one for lost: soon enough for a test that waits for it, or not because a machine is busy. */
const patience = {
  short: [
    "keepalive_period=PT0.3S",
    "suspect_timeout=PT1.5S",
    "inactive_timeout=PT4S",
    "inactive_check_period=PT0.25S",
  ],
  long: ["suspect_timeout=PT30S", "inactive_timeout=PT60S"],
};

/** Throws if there is no Galera for this machine. */
export async function startCluster(howPatient: keyof typeof patience): Promise<Cluster> {
  const shared = new Guard(tmpdir());
  const nodes: ClusterNode[] = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await shared.close();
  };
  try {
    const program = await findMariadbProgram();
    const galera = await provideGalera(path.join(shared.folder, "galera"));
    giveToUser(shared.folder);
    const ports: Ports[] = [];
    const chosen = new Set<number>();
    const next = async (): Promise<number> => {
      const port = await freePort();
      return chosen.has(port) ? next() : (chosen.add(port), port);
    };
    for (let count = 0; count < 3; count += 1)
      ports.push({ sql: await next(), group: await next(), increments: await next(), copies: await next() });
    const members = ports.map(({ group }) => `127.0.0.1:${group}`).join(",");
    nodes.push(
      ...ports.map(
        (own, index) => new ClusterNode(`node-${index + 1}`, own, members, program, galera, patience[howPatient]),
      ),
    );
    await Promise.all(nodes.map((node) => node.prepare()));
    for (const [index, node] of nodes.entries()) await node.start(index === 0);
    return { nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
