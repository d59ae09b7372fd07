import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { request as requestHttps } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { cases, setUpCases } from "../conformance/cases";
import { PreparedServers, setUpNames } from "../conformance/set-ups";
import { type Case, Conversation } from "../conformance/typescript/conversation";
import { engines } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";
import { ConnectCaller, registry } from "./connect-caller";

interface Options {
  readonly baseUrl: string;
  readonly httpVersion: "1.1" | "2";
  readonly nodeOptions?: { readonly ca: Buffer };
}

const transports = {
  "Connect in JSON": (options: Options) =>
    createConnectTransport({ ...options, useBinaryFormat: false, jsonOptions: { registry } }),
  "Connect in Protobuf": (options: Options) => createConnectTransport({ ...options, useBinaryFormat: true }),
  "gRPC-Web": (options: Options) => createGrpcWebTransport(options),
};
const names = Object.keys(transports) as (keyof typeof transports)[];

/** Makes the calls of a case. Returns what differs from it. */
async function differencesIn({ steps }: Pick<Case, "steps">, conversation: Conversation): Promise<unknown[]> {
  for (const step of steps) {
    const fault = await conversation.hold(step);
    if (fault !== undefined) return [step.call, fault];
  }
  return [];
}

const isServing = (address: string, isSecure: boolean) =>
  new Promise<true | undefined>((resolve) => {
    const [host, port] = address.split(":");
    const options = { host, port, path: "/healthz", rejectUnauthorized: false };
    (isSecure ? requestHttps : request)(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? true : undefined);
    })
      .on("error", () => resolve(undefined))
      .end();
  });

const stepsOf = (one: { readonly steps: unknown }) => ({ steps: one.steps as Case["steps"] });

// every protocol, each on another engine
describe.each(engines.map((engine, index) => [present(names[index]), engine.name, engine] as const))(
  "%s on %s",
  (name, _, engine) => {
    let service: TestService;
    beforeAll(async () => {
      service = await startService(engine);
    });
    afterAll(() => service?.drop());

    test.each(cases)("passes $file", async (one) => {
      const transport = transports[name]({ baseUrl: `http://${service.httpAddress}`, httpVersion: "1.1" });
      const conversation = new Conversation(new ConnectCaller(transport), undefined, []);
      expect(await differencesIn(stepsOf(one), conversation)).toEqual([]);
    });
  },
);

describe("servers that have been prepared", () => {
  let folder: string;
  let servers: PreparedServers;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
    servers = new PreparedServers(folder);
  });
  afterAll(async () => {
    await servers.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(setUpNames.map((name, index) => [name, present(names[index % names.length])] as const))(
    "pass the case %s in %s",
    async (name, protocol) => {
      const one = present(setUpCases.find(({ file }) => file.endsWith(`/${name}.yaml`)));
      const { service, variables, authority } = await servers.prepare(name);
      const options: Options =
        authority === undefined
          ? { baseUrl: `http://${service.httpAddress}`, httpVersion: "1.1" }
          : {
              baseUrl: `https://${service.httpAddress.replace("127.0.0.1", "localhost")}`,
              httpVersion: "2",
              nodeOptions: { ca: readFileSync(authority) },
            };
      if (name !== "database-away")
        await until("it serves", () => isServing(service.httpAddress, authority !== undefined));
      const caller = new ConnectCaller(transports[protocol](options));
      expect(await differencesIn(stepsOf(one), new Conversation(caller, undefined, Object.entries(variables)))).toEqual(
        [],
      );
    },
    60_000,
  );
});
