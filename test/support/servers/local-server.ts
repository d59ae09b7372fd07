import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import path from "node:path";
import { ask } from "./ask";
import { Guard, type Guarded } from "./guard";
import { hostileFlags, makeHostile } from "./hostile";
import type { Engine, Place, Recipe } from "./recipe";
import { run, within } from "./system";

export interface DatabaseServer {
  readonly engine: Engine;
  /** `mysql://root@127.0.0.1:PORT`, without a database. */
  readonly url: string;
  readonly version: string;
  /** A sentence: how it was found. */
  readonly origin: string;
  /** Ends it and removes its data; does nothing to a server that was given. */
  stop(): Promise<void>;
}

export interface PrivateServer extends DatabaseServer {
  /** Of the latest start. With Docker: of the client in the foreground, not of the server. */
  readonly pid: number;
  /** SIGKILL, as a crash; returns when the process is gone. */
  kill(): Promise<void>;
  /** Starts it on the same port with the same data, after an orderly end if it still runs. */
  restart(): Promise<void>;
}

/** Those that a server comes with, or those of `hostile.ts`. */
export type ServerSettings = "default" | "hostile";

const START_SECONDS = 60;
const END_SECONDS = 30;
const TRIES = 5;

class PortTaken extends Error {}

/** Runs the recipe in a folder and on a port of its own; several runs at once do not meet. */
export async function startServer(
  recipe: Recipe,
  settings: ServerSettings,
  flags: readonly string[] = [],
): Promise<PrivateServer> {
  const guard = new Guard(tmpdir(), recipe.cleanups);
  try {
    mkdirSync(path.join(guard.folder, "tmp"));
    await recipe.prepare?.(guard);
    const server = new LocalServer(recipe, guard, settings === "hostile", flags);
    await server.start(freePort);
    return server;
  } catch (error) {
    await guard.close();
    throw error;
  }
}

class LocalServer implements PrivateServer {
  readonly engine: Engine;
  readonly origin: string;
  version = "";
  #port = 0;
  #process: Guarded | undefined;

  constructor(
    private readonly recipe: Recipe,
    private readonly guard: Guard,
    private readonly isHostile: boolean,
    private readonly flags: readonly string[],
  ) {
    this.engine = recipe.engine;
    this.origin = recipe.origin;
  }

  get url(): string {
    return `mysql://root@127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async start(choosePort: () => number | Promise<number>): Promise<void> {
    for (let left = TRIES; ; left--) {
      this.#port = await choosePort();
      const place = { folder: this.guard.folder, port: this.#port, mark: path.basename(this.guard.folder) };
      const flags = [...(this.isHostile ? hostileFlags : []), ...this.flags];
      this.#process = await this.guard.run([...this.recipe.command(place), ...flags]);
      try {
        this.version = await this.#ready(this.#process, place);
        if (this.isHostile) await makeHostile(this.engine, this.url);
        return;
      } catch (error) {
        if (!(error instanceof PortTaken) || left === 1) throw error;
        await sleep(200);
      }
    }
  }

  async #ready({ ended }: Guarded, { mark }: Place): Promise<string> {
    let end: string | undefined;
    void ended.then((how) => (end = how));
    let silence: unknown;
    for (const deadline = Date.now() + START_SECONDS * 1000; Date.now() < deadline; await sleep(50)) {
      try {
        const answer = await ask(this.url);
        if (answer.mark === mark) return answer.version;
        silence = `another server answers on port ${this.#port}`;
      } catch (error) {
        silence = error;
      }
      if (end !== undefined) this.#failed(`ended with ${end} before it answered`);
    }
    return this.#failed(`did not answer in ${START_SECONDS} s (${String(silence)})`);
  }

  #failed(what: string): never {
    const log = this.guard.log();
    const taken = /address already in use|port is already allocated/i.test(log);
    throw new (taken ? PortTaken : Error)(`The test server of ${this.engine} ${what}; its last lines:\n${log}`);
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (!this.#process) return;
    if (signal === "SIGKILL" && this.recipe.kill) await run(END_SECONDS, this.recipe.kill);
    else this.guard.signal(signal);
    await within(END_SECONDS, `the end of ${this.engine}`, this.#process.ended);
    this.#process = undefined;
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    await this.start(() => this.#port);
  }

  stop(): Promise<void> {
    return this.guard.close();
  }
}

/** Below the range of outgoing connections: none of those can take the port while its server is down. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
