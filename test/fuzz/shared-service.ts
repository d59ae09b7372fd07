import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { tokenDigest } from "../../src/auth/authenticator";
import { type ServiceProcess, startProcess } from "../support/process";
import { message, rawClient } from "../support/raw";
import { until } from "../support/until";

/** Matches what only the inside of the service would say. */
export const inside =
  /sql|typeorm|maria|select |insert |node_modules|\.[jt]s\b|\bat .+:\d|errno|constraint|collation|stack|undefined|\[object/i;

/** Stands in what the victim has of each kind, and in no request of the attacker: what it guesses has other names. */
export const marker = "Zanzibar";

export const tokens = { attacker: "attacker-token", victim: "victim-token" };
export const authorized = (token: string) => ({ authorization: `Bearer ${token}` });
const credentials = JSON.stringify([
  {
    name: "attacker",
    token_sha256: tokenDigest(tokens.attacker).toString("hex"),
    action: "write",
    environments: ["alpha"],
  },
  { name: "victim", token_sha256: tokenDigest(tokens.victim).toString("hex"), action: "admin", environments: ["beta"] },
]);

/** Contains a request for a role that the attacker has. */
export const valid = message([1, "alpha"], [3, "member"]);

/** Makes the service print on SIGUSR2 how much memory is in use after everything unused is gone. */
const hook = `
require("node:v8").setFlagsFromString("--expose-gc");
const gc = require("node:vm").runInNewContext("gc");
process.on("SIGUSR2", () => {
  gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  console.log("heap:" + (heapUsed + external + arrayBuffers));
});`;

/** Describes a service that the environments of an attacker and of a victim share. */
export interface SharedService {
  readonly address: string;
  /** Returns how many bytes the service uses after everything unused is gone. */
  memory(): Promise<number>;
}

/**
 * Starts a service for the tests of a file, and ends it after them. After each test, the service must answer, and must
 * not have changed anything of the victim.
 */
export function sharedService(): SharedService {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  let service: ServiceProcess;
  let untouched: Map<string, Buffer | undefined>;
  const readings = () => [...service.output().matchAll(/^heap:(\d+)$/gm)].map(([, bytes]) => Number(bytes));

  beforeAll(async () => {
    const hookFile = path.join(folder, "hook.cjs");
    writeFileSync(hookFile, hook);
    service = await startProcess({
      ORGROLES_DATABASE_URL: `sqlite:${folder}/orgroles.db`,
      ORGROLES_ENVIRONMENTS: "alpha,beta",
      ORGROLES_CREDENTIALS: credentials,
      ORGROLES_LOG_LEVEL: "warn",
      NODE_OPTIONS: `--require ${hookFile}`,
    });
    await furnishVictim(service.address);
    untouched = await victimView(service.address);
  });
  afterEach(async () => {
    expect(await victimView(service.address)).toEqual(untouched);
    expect(service.output()).not.toMatch(/internal error|unhandled|uncaught/i);
  });
  afterAll(async () => {
    const code = await service?.end();
    rmSync(folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the service ended with ${code}`);
  });

  return {
    get address() {
      return service.address;
    },
    memory: async () => {
      const before = readings().length;
      process.kill(service.pid, "SIGUSR2");
      return until("the service says how much memory it uses", async () => readings()[before]);
    },
  };
}

/** Returns everything that the victim can read of its own. */
async function victimView(address: string): Promise<Map<string, Buffer | undefined>> {
  const raw = rawClient(address, authorized(tokens.victim));
  const organization = [2, "guessed-org"] as const;
  const view = new Map<string, Buffer | undefined>();
  for (const [rpc, request] of [
    ["EnvironmentService/GetEnvironment", message([1, "beta"])],
    ["RoleService/ListEnvironmentRoles", message([1, "beta"])],
    ["RoleService/ListOrgRoles", message([1, "beta"], organization)],
    ["PermissionService/ListPermissions", message([1, "beta"])],
    ["MembershipService/ListMemberships", message([1, "beta"], organization)],
  ] as const) {
    const { failure, response } = await raw.call(rpc, request);
    expect(failure).toBeUndefined();
    view.set(rpc, response);
  }
  raw.close();
  return view;
}

/** Gives the victim something of each kind, with the marker in it. */
async function furnishVictim(address: string): Promise<void> {
  const victim = rawClient(address, authorized(tokens.victim));
  const organization = [2, "guessed-org"] as const;
  for (const [rpc, request] of [
    ["PermissionService/CreatePermission", message([1, "beta"], [2, "zanzibar:read"], [3, marker])],
    [
      "RoleService/CreateRole",
      message([1, "beta"], organization, [3, "org-zanzibar"], [4, marker], [6, "zanzibar:read"]),
    ],
    ["MembershipService/SetMemberRoles", message([1, "beta"], organization, [3, "guessed-user"], [4, "org-zanzibar"])],
    [
      "MembershipService/SetMemberRoles",
      message([1, "beta"], organization, [3, `${marker}-user`], [4, "org-zanzibar"]),
    ],
  ] as const)
    expect((await victim.call(rpc, request)).failure).toBeUndefined();
  victim.close();
  const view = await victimView(address);
  for (const rpc of [
    "RoleService/ListOrgRoles",
    "PermissionService/ListPermissions",
    "MembershipService/ListMemberships",
  ])
    expect(String(view.get(rpc))).toContain(marker);
}
