import type mysql from "mysql2/promise";
import { connectTo } from "../support/connection";
import { type TestEngine, servers } from "../support/engines";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { serving } from "../support/service";
import { until } from "../support/until";
import { membersOf } from "../support/watch";

/** Members whose only role is about to be deleted: too many to be rewritten before the process is killed. */
const crowd = 6000;

async function sweepKilledOn(engine: TestEngine): Promise<void> {
  const database = await engine.create();
  const processes: ServiceProcess[] = [];
  const connection = await connectTo(database.url);
  try {
    const settings = { ORGROLES_DATABASE_URL: database.url, ORGROLES_ENVIRONMENTS: "alpha,beta" };
    const start = async () => {
      const service = await startProcess(settings);
      processes.push(service);
      await serving(service);
      return service;
    };
    const first = await start();
    const [environmentId, organizationId] = ["alpha", "acme"];
    for (const slug of ["leaving", "staying"]) await first.roles.createRole({ environmentId, slug, name: "Name" });
    await first.memberships.setMemberRoles({ environmentId, organizationId, userId: "u", roleSlugs: ["leaving"] });
    const others = many(crowd - 1, (index) => `u-${String(index).padStart(5, "0")}`);
    for (let from = 0; from < others.length; from += 1000) {
      const values = others.slice(from, from + 1000).map((userId) => `('${userId}')`);
      const rows = values.map((value) => `SELECT ${value} AS other`).join(" UNION ALL ");
      await connection.query(
        "INSERT INTO role_assignments SELECT environment_uid, organization_uid, other, role_id, several_since," +
          ` create_time, update_time FROM role_assignments JOIN (${rows}) others WHERE user_id = 'u'`,
      );
    }
    const left = async () => {
      const [rows] = await connection.query<mysql.RowDataPacket[]>(
        "SELECT COUNT(*) AS count FROM role_assignments WHERE role_id IN (SELECT id FROM roles WHERE deleted_revision > 0)",
      );
      return Number(rows[0]?.["count"]);
    };
    const second = await start();
    process.kill(second.pid, "SIGSTOP"); // so that the first one sweeps
    const read = () => second.memberships.listMemberships({ environmentId, organizationId, pageSize: 200 });
    expect(await first.roles.deleteEnvironmentRole({ environmentId, slug: "leaving" })).toMatchObject({
      reassignedMembershipCount: crowd,
    });
    const all = await membersOf(first, environmentId, organizationId);
    expect([...all.values()].filter((slugs) => slugs.join() === "member")).toHaveLength(crowd);

    const inTheMiddle = await until("the sweep is in the middle", async () => {
      const count = await left();
      return count > 0 && count < crowd ? count : undefined;
    });
    expect(inTheMiddle % 500).toBe(0);
    await first.end("SIGKILL");
    process.kill(second.pid, "SIGCONT");
    const leftBehind = await left();
    expect(leftBehind).toBeGreaterThan(0);
    expect(leftBehind % 500).toBe(0);
    const before = await read();
    expect(before.memberships.map(({ userId, roleSlugs }) => [userId, roleSlugs])).toEqual([...all].slice(0, 200));
    await until(
      "another process has gone on",
      async () => {
        expect(await read()).toEqual(before);
        return (await left()) === 0 || undefined;
      },
      80,
    );
    expect(await membersOf(second, environmentId, organizationId)).toEqual(all);
    await until("it says so", async () => /reference rewriting pass/.test(second.output()) || undefined);
    expect(await second.end()).toBe(0);
  } finally {
    connection.destroy();
    await Promise.all(processes.map((service) => service.end("SIGKILL")));
    await database.drop();
  }
}

test("a process that is killed in the middle of its sweep leaves the rest to another one, and no read changes", async () => {
  await Promise.all(servers.map(sweepKilledOn));
}, 120_000);
