import type { QueryRunner } from "typeorm";
import { senderOf } from "../../src/persistence/connection/direct";
import { Session } from "../../src/persistence/connection/session";
import { engines } from "../support/engines";
import { useWorld } from "../support/world";

const selections = [
  "SELECT * FROM roles WHERE environment_uid = ? ORDER BY organization_id, id",
  "SELECT COUNT(*) AS count, MAX(create_time) AS newest FROM roles WHERE environment_uid = ?",
  "SELECT multiple_roles_enabled AS enabled, role_order AS roleOrder, revision FROM environments WHERE uid = ?",
  "SELECT NULL AS absent, id FROM permissions WHERE environment_uid = ? AND 1 = 0",
];

describe.each(engines)("statements past TypeORM's runner on $name", (engine) => {
  const world = useWorld(engine);
  const withRunner = <T>(work: (runner: QueryRunner) => Promise<T>) =>
    world.storage.database.use(async (dataSource) => {
      const runner = dataSource.createQueryRunner();
      try {
        return await work(runner);
      } finally {
        await runner.release();
      }
    });

  test.each(selections)("return the same rows: %s", async (sql) => {
    await withRunner(async (runner) => {
      const send = senderOf(runner.dataSource);
      const expected: unknown = await runner.query(sql, [world.uid]);
      expect(await send(sql, [world.uid])).toEqual(expected);
      expect(await send(sql, [world.uid], runner)).toEqual(expected);
    });
  });

  test("change the same rows, in the runner's transaction", async () => {
    const sql = "UPDATE roles SET update_time = ? WHERE environment_uid = ? AND organization_id = ''";
    await withRunner(async (runner) => {
      await runner.startTransaction();
      const session = new Session(runner.manager);
      const { affected } = await runner.query(sql, [2000, world.uid], true);
      expect(affected).toBe(2);
      expect(await session.affected(sql, [3000, world.uid])).toBe(affected);
      expect(await session.affected(sql, [3000, "nowhere"])).toBe(0);
      await runner.rollbackTransaction();
    });
    const times = await world.storage.query(
      "SELECT DISTINCT update_time AS time FROM roles WHERE environment_uid = ?",
      [world.uid],
    );
    expect(times).toEqual([{ time: 1000 }]);
  });

  test("fail with the error that the runner wraps", async () => {
    const sql = "SELECT absent FROM roles WHERE environment_uid = ?";
    await withRunner(async (runner) => {
      const wrapped: { driverError: object } = await runner.query(sql, [world.uid]).catch((error: unknown) => error);
      const bare: object = await senderOf(runner.dataSource)(sql, [world.uid]).then(
        () => ({}),
        (error: object) => error,
      );
      expect(bare).toMatchObject({ message: (wrapped.driverError as Error).message });
    });
  });
});
