import { tokenDigest } from "../../src/auth/authenticator";
import { bearer, connect } from "../support/client";
import { startCommand, runApart } from "../support/command";
import { engines } from "../support/engines";
import { startProcess } from "../support/process";
import { serving } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

const refused = (text: string) => ({ code: 1, stdout: "", stderr: expect.stringContaining(text) as unknown });

const withoutTimes = (output: string) => output.replaceAll(/^\S+Z /gm, "");

describe.each(engines)("orgroles events, from a service on $name", (engine) => {
  test("prints what there is, goes on from a token, and follows through the end of a service", async () => {
    const database = await engine.create();
    const settings = { ORGROLES_DATABASE_URL: database.url };
    let service = await startProcess({ ...settings, ORGROLES_ENVIRONMENTS: "dev,beta" });
    const from = { ORGROLES_ADDRESS: service.address };
    try {
      await serving(service);
      const scope = { environmentId: "dev", organizationId: "acme" };
      await service.memberships.setMemberRoles({ ...scope, userId: "ann" });
      const all = await runApart(["events", "dev"], from);
      expect(all.code).toBe(0);
      expect(withoutTimes(all.stdout)).toBe(
        [
          "environment.created: dev, by orgroles",
          "role.created: member, by orgroles",
          "role_config.updated: default member, order member, by orgroles",
          "membership.created in acme: ann (none → member), by anonymous",
          "",
        ].join("\n"),
      );
      const [, token = ""] = /^To go on from here: --since (\S+)\n$/.exec(all.stderr) ?? [];

      const following = startCommand(["events", "dev", "--follow", "--json", "--since", token], from);
      await service.memberships.deleteMembership({ ...scope, userId: "ann" });
      const lines = (count: number) =>
        until(`${count} events`, async () => {
          const printed = following.printed.stdout.split("\n").slice(0, -1);
          return printed.length === count ? printed : undefined;
        });
      const [line = ""] = await lines(1);
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

      await service.end();
      service = await startProcess({ ...settings, ORGROLES_ADDRESS: service.address });
      await serving(service);
      await service.memberships.setMemberRoles({ ...scope, userId: "bob" });
      const [, next = ""] = await lines(2);
      expect(JSON.parse(next)).toMatchObject({ type: "membership.created", membership: { after: { user_id: "bob" } } });
      expect(await following.end("SIGINT")).toBe(0);
    } finally {
      await service.end();
      await database.drop();
    }
  });
});

describe("orgroles events, from a service that needs tokens", () => {
  const [engine] = engines;
  test("sends a token, and reports everything that is refused", async () => {
    const database = await present(engine).create();
    const credential = { name: "auditor", token_sha256: tokenDigest("s3cret").toString("hex"), action: "read" };
    const service = await startProcess({
      ORGROLES_DATABASE_URL: database.url,
      ORGROLES_ENVIRONMENTS: "dev,beta",
      ORGROLES_CREDENTIALS: JSON.stringify([{ ...credential, environments: ["dev", "none"] }]),
    });
    const client = connect(service.address, bearer("s3cret"));
    try {
      await until("service", () => client.access.getCaller({}).catch(() => undefined));
      const events = (args: readonly string[], settings: Record<string, string> = {}) =>
        runApart(["events", ...args], { ORGROLES_ADDRESS: service.address, ...settings });
      const byOption = await events(["dev", "--token", "s3cret"]);
      expect(byOption).toMatchObject({ code: 0, stdout: expect.stringContaining("environment.created: dev") });
      const byVariable = await runApart(["events", "dev", "--address", service.address], {
        ORGROLES_TOKEN: " s3cret\n",
      });
      expect(byVariable).toEqual({ ...byOption, stderr: expect.stringContaining("--since ") });
      const token = { ORGROLES_TOKEN: "s3cret" };
      expect(await events(["dev"])).toEqual(refused("(CREDENTIALS_MISSING)"));
      expect(await events(["dev", "--token", "other"])).toEqual(refused("(CREDENTIALS_INVALID)"));
      expect(await events(["dev", "--token", "two words"])).toEqual(refused("A token must consist of"));
      expect(await events(["beta", "--follow"], token)).toEqual(refused("(SCOPE_INSUFFICIENT)"));
      expect(await events(["none"], token)).toEqual(refused("(ENVIRONMENT_NOT_FOUND)"));
      expect(await events(["dev", "--since", "damaged"], token)).toEqual(refused("(RESUME_TOKEN_INVALID)"));
    } finally {
      client.close();
      await service.end();
      await database.drop();
    }
    expect(await runApart(["events", "dev", "--follow"], { ORGROLES_ADDRESS: service.address })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ECONNREFUSED"),
    });
  });
});
