import { connectTo } from "../support/connection";
import { healthOf } from "../support/health";
import { type MuteServer, startMuteServer } from "../support/mute-server";
import { type ServiceProcess, startProcess } from "../support/process";
import { type PrivateServer, startPrivateMariadb } from "../support/servers";
import { serving } from "../support/service";
import { until } from "../support/until";

let mute: MuteServer;
let servers: PrivateServer[];
let service: ServiceProcess | undefined;

beforeAll(async () => {
  mute = await startMuteServer();
  servers = await Promise.all([startPrivateMariadb(), startPrivateMariadb()]);
  for (const { url } of servers) await send(url, "CREATE DATABASE several");
});
afterAll(async () => {
  await service?.end("SIGKILL");
  await Promise.all((servers ?? []).map((server) => server.stop()));
  await mute?.stop();
});

async function send(url: string, sql: string): Promise<void> {
  const connection = await connectTo(url);
  await connection.query(sql).finally(() => connection.destroy());
}

/** The hosts that a process has said to use, in order. */
const hostsOf = (process: ServiceProcess) =>
  [...process.output().matchAll(/"host":"([^"]+)","tls":false,"msg":"database available"/g)].map(([, host]) => host);

test("of a host that swallows packets, a read-only one and a writable one, the writable one is used until it is lost", async () => {
  const [first, second] = servers.map(({ url }) => new URL(url).host) as [string, string];
  const [firstUrl = "", secondUrl = ""] = servers.map(({ url }) => url);
  await send(firstUrl, "SET GLOBAL read_only = 1");
  service = await startProcess({
    ORGROLES_DATABASE_URL: `mysql://root@127.0.0.1:${mute.port},${first},${second}/several?connect-timeout-ms=300`,
    ORGROLES_ENVIRONMENTS: "alpha,beta",
  });
  await serving(service);
  expect(mute.accepted()).toBeGreaterThan(0);
  await until("it says which host it uses", async () => hostsOf(service as ServiceProcess).length || undefined);
  expect(hostsOf(service)).toEqual([second]);

  await send(firstUrl, "SET GLOBAL read_only = 0");
  await service.roles.createRole({ environmentId: "alpha", organizationId: "acme", name: "Lead" });
  const { address } = service;
  expect(await healthOf(address)).toBe("SERVING");
  expect(hostsOf(service)).toEqual([second]);

  await send(secondUrl, "SET GLOBAL read_only = 1");
  await until(
    "it uses the first writable host",
    async () => hostsOf(service as ServiceProcess).length > 1 || undefined,
  );
  expect(hostsOf(service)).toEqual([second, first]);
  await serving(service);
  expect(await service.end()).toBe(0);
});
