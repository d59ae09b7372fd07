import { randomUUID } from "node:crypto";
import { engines } from "../support/engines";
import { runCommand } from "../support/command";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { expectedTables, openUnmigrated, tablesOf } from "../support/schema";
import { serving } from "../support/service";
import { queryOnce } from "../support/storage";

const [engine] = engines;
if (!engine) throw new Error("There is no cluster.");

test("processes and commands that migrate on three nodes at once: each migration is done once, and all serve", async () => {
  const database = await engine.create();
  const environments = "alpha,beta";
  const settings = () => ({ ORGROLES_DATABASE_URL: database.url, ORGROLES_ENVIRONMENTS: environments });
  const commands = many(3, () => runCommand(["migrate"], settings()));
  const services: ServiceProcess[] = await Promise.all(many(3, () => startProcess(settings())));
  try {
    for (const { code, output } of await Promise.all(commands)) expect({ code, output }).toMatchObject({ code: 0 });
    await Promise.all(services.map(serving));
    const dataSource = await openUnmigrated(database);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));
    await dataSource.destroy();
    const rows = await queryOnce<{ name: string }>(database, "SELECT name FROM migrations");
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    expect(await queryOnce(database, "SELECT id FROM environments ORDER BY id")).toEqual([
      { id: "alpha" },
      { id: "beta" },
    ]);
    const made = await queryOnce<{ number: number }>(database, "SELECT COUNT(*) AS number FROM roles");
    expect(Number(made[0]?.number)).toBe(2);
    const organizationId = `org-${randomUUID()}`;
    for (const [index, service] of services.entries())
      await service.roles.createRole({ environmentId: "alpha", organizationId, name: `Role ${index}` });
    for (const service of services) {
      const { roles } = await service.roles.listOrgRoles({ environmentId: "alpha", organizationId });
      expect(roles).toHaveLength(4);
    }
  } finally {
    await Promise.all(services.map((service) => service.end("SIGKILL")));
    await database.drop();
  }
}, 90_000);
