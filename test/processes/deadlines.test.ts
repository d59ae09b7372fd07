import { Metadata, type ServiceError, credentials, status } from "@grpc/grpc-js";
import type mysql from "mysql2/promise";
import { RoleServiceClient } from "../../gen/orgroles/v1/role_service";
import { connectTo } from "../support/connection";
import { type TestDatabase, servers } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { until } from "../support/until";

const waiting = async (connection: mysql.Connection) => {
  const [rows] = await connection.query<mysql.RowDataPacket[]>(
    "SELECT COUNT(*) AS waiting FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE%'",
  );
  return Number(rows[0]?.["waiting"]);
};

describe.each(servers)("on $name", (engine) => {
  let database: TestDatabase;
  let service: TestService;
  let roles: RoleServiceClient;
  beforeAll(async () => {
    database = await engine.create();
    service = await startService(engine, {}, database);
    roles = new RoleServiceClient(service.address, credentials.createInsecure());
  });
  afterAll(async () => {
    roles?.close();
    await service?.drop();
  });

  test.each(["its deadline passes", "its caller cancels"])(
    "a write ends when %s, and nothing of it stays",
    async (how) => {
      const scope = { environmentId: "alpha", organizationId: `acme-${how.length}` };
      await service.roles.createRole({ ...scope, slug: "org-first", name: "First" });
      const connection = await connectTo(database.url);
      try {
        await connection.beginTransaction();
        await connection.query("UPDATE organizations SET revision = revision + 1");
        const passes = how === "its deadline passes";
        const failed = new Promise<ServiceError>((resolve, reject) => {
          const request = { ...scope, slug: "org-late", name: "Late", description: "", permissions: [] };
          const options = passes ? { deadline: Date.now() + 3000 } : {};
          const call = roles.createRole(request, new Metadata(), options, (error) =>
            error ? resolve(error) : reject(new Error("the call was answered")),
          );
          if (!passes)
            void until("it waits", async () => (await waiting(connection)) || undefined).then(() => call.cancel());
        });
        expect(status[(await failed).code]).toBe(passes ? "DEADLINE_EXCEEDED" : "CANCELLED");
        await connection.rollback();
        await until("its transaction ends", async () => ((await waiting(connection)) === 0 ? true : undefined));
      } finally {
        connection.destroy();
      }
      await service.roles.createRole({ ...scope, slug: "org-next", name: "Next" }); // waits for what is still under way
      const { config } = await service.roles.listOrgRoles(scope);
      expect(config?.priorityOrder).toEqual(["member", "org-first", "org-next"]);
    },
  );
});
