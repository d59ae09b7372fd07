import { dialects, dialectOf, serverDialectOf } from "../../src/persistence/engines";
import { Session } from "../../src/persistence/connection/session";
import { engines } from "../support/engines";
import { useWorld } from "../support/world";

describe.each(engines)("the dialect of $name", (engine) => {
  const world = useWorld(engine, { watchesOrganization: false });

  test("is found by the data source", async () => {
    const found = await world.storage.database.use(async (dataSource) => dialectOf(dataSource));
    expect(found).toBe(dialects[engine.name]);
  });

  test("deletes some of the rows that a condition is true for, and no others", async () => {
    const { uid, storage } = world;
    const remove = (limit: number) =>
      storage.database.use(async ({ manager }) => {
        const session = new Session(manager);
        return session.affected(session.dialect.deleteSome("role_assignments", "environment_uid = ?", limit), [uid]);
      });
    expect([await remove(4), await remove(4), await remove(4)]).toEqual([4, 2, 0]);
  });

  test("finds pairs of values", async () => {
    const { uid, ids, storage } = world;
    const pairs = dialects[engine.name].amongPairs("organization_uid, user_id", 2);
    const rows = await storage.query(
      `SELECT DISTINCT user_id AS name FROM role_assignments WHERE environment_uid = ? AND ${pairs} ORDER BY 1`,
      [uid, ids.acme, "bob", ids.globex, "ann"],
    );
    expect(rows).toEqual([{ name: "ann" }, { name: "bob" }]);
  });

  test("knows which columns a table has", async () => {
    const found = await world.storage.database.use(async (dataSource) => {
      const runner = dataSource.createQueryRunner();
      const { hasColumn } = dialects[engine.name];
      try {
        return [await hasColumn(runner, "roles", "slug"), await hasColumn(runner, "roles", "colour")];
      } finally {
        await runner.release();
      }
    });
    expect(found).toEqual([true, false]);
  });
});

test.each([
  ["10.11.19-MariaDB-0+deb12u1", "mariadb"],
  ["5.5.5-10.6.4-mariadb", "mariadb"],
  ["9.7.4-2", "mysql"],
])("a server of version %s speaks the dialect of %s", (version, engine) => {
  expect(serverDialectOf(version).engine).toBe(engine);
});
