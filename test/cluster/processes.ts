import { type TestDatabase, engines, processesOfServers } from "../support/engines";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { repeatConflicts } from "../support/repeat-conflicts";
import { serving } from "../support/service";

/** A process on each node, for a database of their own. */
export class Processes {
  private constructor(
    readonly database: TestDatabase,
    readonly services: readonly ServiceProcess[],
  ) {}

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Processes> {
    const [engine] = engines;
    if (!engine) throw new Error("There is no cluster.");
    const database = await engine.create();
    const services = await Promise.all(
      many(processesOfServers, () =>
        startProcess({ ORGROLES_DATABASE_URL: database.url, ORGROLES_ENVIRONMENTS: "alpha,beta", ...settings }),
      ),
    );
    await Promise.all(services.map(serving));
    return new Processes(database, services.map(repeatConflicts));
  }

  /** Returns the process on a node, counted round and round. */
  at(index: number): ServiceProcess {
    const service = this.services[index % this.services.length];
    if (!service) throw new Error("There is no process.");
    return service;
  }

  async end(): Promise<void> {
    await Promise.all(this.services.map((service) => service.end()));
    await this.database.drop();
  }
}
