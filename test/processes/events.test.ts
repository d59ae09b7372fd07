import { startCommand, runApart } from "../support/command";
import { engines } from "../support/engines";
import { startProcess } from "../support/process";
import { serving } from "../support/service";
import { until } from "../support/until";

describe.each(engines)("orgroles events on $name, beside a service that runs", (engine) => {
  test("prints what there is, goes on from a token, and follows", async () => {
    const database = await engine.create();
    const settings = { ORGROLES_DATABASE_URL: database.url };
    const service = await startProcess({ ...settings, ORGROLES_ENVIRONMENTS: "dev,beta" });
    try {
      await serving(service);
      const scope = { environmentId: "dev", organizationId: "acme" };
      await service.memberships.setMemberRoles({ ...scope, userId: "ann" });
      const all = await runApart(["events", "dev"], settings);
      expect(all.code).toBe(0);
      expect(all.stdout.replaceAll(/^\S+Z /gm, "")).toBe(
        [
          "environment.created: dev, by orgroles",
          "role.created: member, by orgroles",
          "role_config.updated: default member, order member, by orgroles",
          "membership.created in acme: ann (none → member), by anonymous",
          "",
        ].join("\n"),
      );
      const [, token = ""] = /^To go on from here: --since (\S+)\n$/.exec(all.stderr) ?? [];

      const following = startCommand(["events", "dev", "--follow", "--json", "--since", token], settings);
      await service.memberships.deleteMembership({ ...scope, userId: "ann" });
      const line = await until("the event", async () => /^(\{.*\})\n$/.exec(following.printed.stdout)?.[1]);
      expect(await following.end("SIGINT")).toBe(0);
      const { events } = await service.events.listEvents({ environmentId: "dev", after: token });
      expect(JSON.parse(line)).toMatchObject({
        id: events[0]?.id,
        environment_id: "dev",
        organization_id: "acme",
        type: "membership.deleted",
        actor: "anonymous",
        resume_token: events[0]?.resumeToken,
        membership: {
          before: { user_id: "ann", role_slugs: ["member"] },
          before_role_ids: [expect.stringMatching(/^role_/)],
        },
      });
    } finally {
      await service.end();
      await database.drop();
    }
  });

  test("reports an environment and a token that are none", async () => {
    const database = await engine.create();
    const settings = { ORGROLES_DATABASE_URL: database.url };
    const service = await startProcess({ ...settings, ORGROLES_ENVIRONMENTS: "dev,beta" });
    await serving(service);
    await service.end();
    const unknown = await runApart(["events", "none"], settings);
    expect(unknown).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining('"none"') });
    const damaged = await runApart(["events", "dev", "--since", "damaged"], settings);
    expect(damaged).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining("resume token") });
    await database.drop();
  });
});
