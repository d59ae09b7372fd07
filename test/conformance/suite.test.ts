import { readFileSync, readdirSync } from "node:fs";
import { parse } from "yaml";
import { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import { EventServiceService } from "../../gen/orgroles/v1/event_service";
import { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { kindOf } from "../../src/domain/errors";
import {
  accessActions,
  environmentActions,
  eventActions,
  membershipActions,
  permissionActions,
  roleActions,
} from "../../src/api/required-actions";
import { cases, setUpCases } from "./cases";

const services = [
  [AccessServiceService, accessActions],
  [EnvironmentServiceService, environmentActions],
  [EventServiceService, eventActions],
  [MembershipServiceService, membershipActions],
  [PermissionServiceService, permissionActions],
  [RoleServiceService, roleActions],
] as const;

/** `RoleService/CreateRole`, and whether it only reads. */
const rpcs = services.flatMap(([service, actions]) =>
  Object.entries(service).map(([name, { path }]) => ({
    rpc: path.replace("/orgroles.v1.", ""),
    reads: (actions as Record<string, string>)[name] === "read",
  })),
);
const steps = [...cases, ...setUpCases].flatMap((one) => one.steps);

test("the cases make every call, and each is answered", () => {
  const answered = new Set(steps.filter(({ error }) => error === undefined).map(({ call }) => call));
  expect(answered).toEqual(new Set(rpcs.map(({ rpc }) => rpc)));
});

const onlyOverHttp = new Set(["METHOD_UNKNOWN", "MEMBERSHIP_EXISTS"]);

test("the cases have every reason that an error can have, but for those that only HTTP has", () => {
  const reasons = new Set(steps.flatMap(({ error }) => error?.reason ?? []));
  expect([...reasons].toSorted()).toEqual(
    [...Object.keys(kindOf), "INTERNAL"].filter((reason) => !onlyOverHttp.has(reason)).toSorted(),
  );
});

test("cases say what they need exactly where not any server will do", () => {
  expect(cases.filter(({ needs }) => needs !== undefined)).toEqual([]);
  expect(setUpCases.filter(({ needs }) => needs === undefined)).toEqual([]);
});

test("the tour is that of the README", () => {
  const shown = [...readFileSync("README.md", "utf8").matchAll(/call (\w+\/\w+) '(\{.*\})'/g)].map(
    ([, call, json = ""]) => ({
      call,
      with: JSON.parse(json.replaceAll('"dev"', '"${environment}"')) as unknown,
    }),
  );
  const [first, ...tour] = cases.find(({ file }) => file.endsWith("/tour.yaml"))?.steps ?? [];
  const last = tour.pop();
  expect([first?.call, last?.call]).toEqual([
    "EnvironmentService/CreateEnvironment",
    "EnvironmentService/DeleteEnvironment",
  ]);
  expect(tour.map((step) => ({ call: step.call, with: step.with }))).toEqual(shown);
});

interface ServiceConfig {
  readonly methodConfig: readonly {
    readonly name: readonly { readonly service: string; readonly method: string }[];
    readonly waitForReady: boolean;
    readonly retryPolicy: { readonly retryableStatusCodes: readonly string[] };
  }[];
}

const byRpc = (list: readonly { readonly rpc: string }[]) => list.toSorted((a, b) => (a.rpc < b.rpc ? -1 : 1));

const configs = readdirSync("proto/orgroles/v1").filter((name) => name.endsWith(".json"));

test.each(configs)(
  "%s has every call once, and writes are repeated after a lost connection only with request ids",
  (file) => {
    const { methodConfig } = parse(readFileSync(`proto/orgroles/v1/${file}`, "utf8")) as ServiceConfig;
    const named = methodConfig.flatMap(({ name, retryPolicy }) =>
      name.map(({ service, method }) => ({
        rpc: `${service.replace("orgroles.v1.", "")}/${method}`,
        unsafe: retryPolicy.retryableStatusCodes.includes("UNAVAILABLE"),
      })),
    );
    const withRequestIds = file.includes("request_ids");
    const wanted = rpcs.map(({ rpc, reads }) => ({ rpc, unsafe: reads || withRequestIds }));
    expect(byRpc(named)).toEqual(byRpc(wanted));
    expect(methodConfig.every(({ waitForReady }) => waitForReady)).toBe(true);
  },
);
