import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { linesOf } from "../support/log-lines";
import { runCommand } from "../support/command";
import { type TestDatabase, engines } from "../support/engines";
import { healthOf } from "../support/health";
import { startMuteServer } from "../support/mute-server";
import { type ServiceProcess, startProcess } from "../support/process";
import { present } from "../support/stage";
import { until } from "../support/until";

const marker = "s3cret-marker";

let database: TestDatabase;
let mute: Awaited<ReturnType<typeof startMuteServer>>;
beforeAll(async () => {
  database = await present(engines.find(({ name }) => name === "mariadb")).create();
  mute = await startMuteServer();
});
afterAll(async () => {
  await mute?.stop();
  await database?.drop();
});

const server = () => new URL(database.url).host;
const name = () => new URL(database.url).pathname.slice(1);

/** What is wrong, the URL, and the sentence, without the words that say what to do. */
const troubles: [string, () => string, (() => string) | RegExp][] = [
  [
    "a wrong password",
    () => `mysql://nobody:${marker}@${server()}/${name()}`,
    () => `${server()} does not accept the user "nobody" with this password from this machine: correct the user, `,
  ],
  [
    "a wrong password, named by mariadb://",
    () => `mariadb://nobody:${marker}%40@${server()}/${name()}`,
    () => `${server()} does not accept the user "nobody" with this password from this machine: correct the user, `,
  ],
  [
    "an unknown database",
    () => `mysql://root@${server()}/nowhere_${name()}`,
    () => `${server()} has no database "nowhere_${name()}": create it, `,
  ],
  [
    "a port where nobody listens",
    () => `mysql://root:${marker}@127.0.0.1:1/roles`,
    () => "Nothing accepts connections on 127.0.0.1:1: start the server, ",
  ],
  [
    "a port of localhost where nobody listens",
    () => `mysql://root:${marker}@localhost:1/roles`,
    () => "Nothing accepts connections on localhost:1: start the server, ",
  ],
  [
    "a host that there is not",
    () => `mysql://root:${marker}@nowhere.invalid/roles`,
    () => "The host name of nowhere.invalid:3306 cannot be resolved: correct it, ",
  ],
  [
    "a host that swallows packets",
    () => `mysql://root:${marker}@127.0.0.1:${mute.port}/roles?connect-timeout-ms=300`,
    () => `127.0.0.1:${mute.port} did not respond in 300 ms: correct the address, `,
  ],
  [
    "a socket that there is not",
    () => `mysql://root:${marker}@localhost/roles?socket=/nowhere/mysqld.sock`,
    () => "There is no socket /nowhere/mysqld.sock: start the server, ",
  ],
  [
    "two hosts, neither of which will do",
    () => `mysql://root:${marker}@127.0.0.1:1,nowhere.invalid/roles`,
    /^Nothing accepts connections on 127\.0\.0\.1:1: .+\. The host name of nowhere\.invalid:3306 cannot be resolved: /,
  ],
];

const expectSentence = (text: string, expected: (() => string) | RegExp) => {
  if (typeof expected === "function") expect(text.slice(0, expected().length)).toBe(expected());
  else expect(text).toMatch(expected);
  expect(text).toMatch(/\.$/);
};

/** Returns the exit code of a command that has said what is wrong, in time. */
async function codeOf(args: string[], url: string, sentence: (() => string) | RegExp): Promise<number | null> {
  const before = performance.now();
  const { code, output } = await runCommand(args, { ORGROLES_DATABASE_URL: url });
  const [, text = ""] = /^(?:(?:Database|Environment) [^\n]*\n|Database: [^\n]*\n)?([^\n]+)\n$/.exec(output) ?? [];
  expectSentence(text, sentence);
  expect(output).not.toContain(marker);
  expect(performance.now() - before).toBeLessThan(30_000);
  return code;
}

test.each([["migrate", "status"], ["migrate", "down"], ["sweep-progress"], ["export", "dev"]])(
  "a wrong password ends %s %s as it ends migrate",
  async (...args) => {
    const [[, url, sentence]] = troubles as [(typeof troubles)[number]];
    expect(await codeOf(args.filter(Boolean), url(), sentence)).toBe(1);
  },
);

describe.each(troubles)("%s", (_, url, sentence) => {
  test("ends migrate promptly with 1 and one sentence", async () => {
    expect(await codeOf(["migrate"], url(), sentence)).toBe(1);
  });

  test("is in the banner of a service that is not ready, and once in its log", async () => {
    const service = await startProcess({ ORGROLES_DATABASE_URL: url() });
    try {
      const banner = await until("the banner", async () => /^Not ready; retrying: (.+)$/m.exec(service.output()));
      expectSentence(banner?.[1] ?? "", sentence);
      await sleep(1500); // several tries
      expect(await healthOf(service.address)).toBe("NOT_SERVING");
      const lines = linesSaying(service, "database unavailable");
      expect(lines).toHaveLength(1);
      expectSentence(lines[0]?.reason ?? "", sentence);
    } finally {
      expect(await service.end()).toBe(0);
    }
    expect(service.output()).not.toContain(marker);
  });
});

interface Line {
  readonly msg: string;
  readonly reason?: string;
}

const linesSaying = (service: ServiceProcess, message: string) =>
  linesOf<Line>(service).filter(({ msg }) => msg === message);

test("of several processes on a port too", async () => {
  const settings = { ORGROLES_DATABASE_URL: "mysql://root@127.0.0.1:1/roles", ORGROLES_WORKERS: "2" };
  const service = await startProcess(settings);
  try {
    expect(service.output()).toMatch(/^Not ready; retrying: Nothing accepts connections on 127\.0\.0\.1:1/m);
  } finally {
    expect(await service.end()).toBe(0);
  }
});

test("a schema that is not up to date is in the banner, which says nothing once it is", async () => {
  const settings = { ORGROLES_DATABASE_URL: database.url, ORGROLES_MIGRATE: "off" };
  const service = await startProcess(settings);
  try {
    expect(service.output()).toMatch(/^Not ready; retrying: the database lacks .+: run npm run migrate$/m);
  } finally {
    expect(await service.end()).toBe(0);
  }
  expect((await runCommand(["migrate"], settings)).code).toBe(0);
  const ready = await startProcess(settings);
  expect(ready.output()).not.toMatch(/Not ready/);
  expect(await ready.end()).toBe(0);
});

/** Returns how often a service warns that it sends plain text. */
async function warned(url: string): Promise<number> {
  const service = await startProcess({ ORGROLES_DATABASE_URL: url });
  await until("it has tried", async () => /"database (?:un)?available"/.test(service.output()) || undefined);
  expect(await service.end()).toBe(0);
  return service.output().match(/have no TLS .+ORGROLES_DATABASE_SSL_MODE/g)?.length ?? 0;
}

test("plain text to another machine is warned of once, and to this one not at all", async () => {
  expect(await warned(`${database.url}?ssl-mode=DISABLED`)).toBe(0);
  const far = "mysql://root@nowhere.invalid/roles";
  expect(await warned(far)).toBe(0); // nothing was sent
  expect(await warned(`${far}?ssl-mode=DISABLED`)).toBe(1);
});
