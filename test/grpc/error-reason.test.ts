import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { status } from "@grpc/grpc-js";
import { pino } from "pino";
import { ErrorReason } from "../../gen/orgroles/v1/error_reason";
import { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import { Refusal, kindOf, refuse } from "../../src/domain/errors";
import { permissionActions } from "../../src/api/required-actions";
import { GrpcServer } from "../../src/grpc/server";
import type { Handlers } from "../../src/api/service";
import { registerService } from "../../src/grpc/register-service";
import { connect, failureOf } from "../support/client";
import { openPassage } from "../support/passage";

/** One refusal of every factory. */
const samples: Record<keyof typeof refuse, Refusal> = {
  invalidFields: refuse.invalidFields([{ field: "name", description: "is required" }]),
  slugImmutable: refuse.slugImmutable("admin"),
  priorityOrderMismatch: refuse.priorityOrderMismatch({ missing: ["owner"], unknown: [], duplicate: ["admin"] }),
  replacementRoleInvalid: refuse.replacementRoleInvalid("replacement_role_slug", "viewer"),
  permissionUnknown: refuse.permissionUnknown(["invoices:void"]),
  roleNotAssignable: refuse.roleNotAssignable(["viewer"], ["role_slugs[1]", "memberships[2].role_slugs[0]"]),
  pageTokenInvalid: refuse.pageTokenInvalid(),
  resumeTokenInvalid: refuse.resumeTokenInvalid(),
  resumeTokenExpired: refuse.resumeTokenExpired("token"),
  requestIdReused: refuse.requestIdReused("6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11"),
  environmentNotFound: refuse.environmentNotFound("staging"),
  roleNotFound: refuse.roleNotFound("viewer"),
  permissionNotFound: refuse.permissionNotFound("invoices:void"),
  membershipNotFound: refuse.membershipNotFound("acme", "ann"),
  groupRoleNotFound: refuse.groupRoleNotFound("acme", "engineering"),
  environmentExists: refuse.environmentExists("staging"),
  membershipExists: refuse.membershipExists("acme", "ann"),
  roleSlugTaken: refuse.roleSlugTaken("admin"),
  permissionSlugTaken: refuse.permissionSlugTaken("invoices:pay"),
  organizationInheritsEnvironment: refuse.organizationInheritsEnvironment("acme"),
  replacementDefaultRoleRequired: refuse.replacementDefaultRoleRequired("replacement_role_slug", "owner", {
    count: 2,
    organizationIds: ["acme", "globex"],
    isEnvironmentDefault: true,
  }),
  roleInUse: refuse.roleInUse("viewer", 120, 340),
  multipleRolesDisabled: refuse.multipleRolesDisabled("staging"),
  roleBelongsToEnvironment: refuse.roleBelongsToEnvironment("owner"),
  organizationHasCustomRoles: refuse.organizationHasCustomRoles("acme", 2),
  environmentNotEmpty: refuse.environmentNotEmpty("staging", 2),
  etagMismatch: refuse.etagMismatch("stale"),
  conflictRetry: refuse.conflictRetry(),
  roleLimitReached: refuse.roleLimitReached("environments/staging", 200),
  permissionLimitReached: refuse.permissionLimitReached("environments/staging", 2000),
  overloaded: refuse.overloaded("queue", 250),
  watchLimitReached: refuse.watchLimitReached("connection", 32),
  credentialsMissing: refuse.credentialsMissing(),
  credentialsInvalid: refuse.credentialsInvalid(),
  scopeInsufficient: refuse.scopeInsufficient("organization"),
  databaseUnavailable: refuse.databaseUnavailable(),
  escalationRefused: refuse.escalationRefused(["invoices:pay"]),
  issuerUnavailable: refuse.issuerUnavailable(),
  methodUnknown: refuse.methodUnknown(),
};

interface Documented {
  readonly code: string;
  readonly metadataKeys: string[];
}

/** What the comment of each enum value says. */
function documentedIn(proto: string): Record<string, Documented> {
  const documented: Record<string, Documented> = {};
  for (const [, comment = "", name = ""] of proto.matchAll(/((?:^ {2}\/\/.*\n)+) {2}ERROR_REASON_(\w+) = [1-9]/gm)) {
    const text = comment.replaceAll(/^ {2}\/\/ ?/gm, "");
    const sample = /^Sample: reason `(\w+)`, metadata (\{.*\})\.$/m.exec(text);
    expect([name, sample?.[1]]).toEqual([name, name]);
    const metadata = JSON.parse(sample?.[2] ?? "") as Record<string, string>;
    documented[name] = { code: /^\w+/.exec(text)?.[0] ?? "", metadataKeys: Object.keys(metadata).toSorted() };
  }
  return documented;
}

const documented = documentedIn(readFileSync("proto/orgroles/v1/error_reason.proto", "utf8"));

test("every reason of the service is documented, and every documented one is there", () => {
  const { INTERNAL, ...rest } = documented;
  expect(Object.keys(rest).toSorted()).toEqual(Object.keys(kindOf).toSorted());
  expect(INTERNAL).toEqual({ code: "INTERNAL", metadataKeys: ["request_id"] });
  const generated = Object.keys(ErrorReason).filter((name) => name.startsWith("ERROR_REASON_"));
  expect(generated.toSorted()).toEqual(
    [...Object.keys(documented), "UNSPECIFIED"].map((name) => `ERROR_REASON_${name}`).toSorted(),
  );
});

test("every factory makes its own reason, and every reason has a factory", () => {
  expect(Object.keys(samples).toSorted()).toEqual(Object.keys(refuse).toSorted());
  const reasons = Object.values(samples).map(({ reason }) => reason);
  expect(reasons.toSorted()).toEqual(Object.keys(kindOf).toSorted());
});

test.each(Object.values(samples).map((sample) => [sample.reason, sample] as const))(
  "%s has the code and the metadata that its comment shows",
  (reason, { kind, metadata }) => {
    expect(documented[reason]).toEqual({
      code: kind.toUpperCase(),
      metadataKeys: Object.keys(metadata).toSorted(),
    });
    expect(status).toHaveProperty(kind.toUpperCase());
  },
);

test.each(Object.values(samples).map((sample) => [sample.reason, sample] as const))(
  "%s repeats every changing word of its message in its metadata",
  (_, { message, metadata, details }) => {
    const changing =
      message.match(/\b(acme|ann|engineering|staging|owner|admin|viewer|invoices:\w+|stale|6f1b[\w-]+|\d{3,})\b/g) ??
      [];
    for (const word of changing) expect(Object.values(metadata).join(" ")).toContain(word);
    for (const violation of details.violations ?? [])
      expect(violation.field).toMatch(/^[a-z_]+(\[\d+\](\.[a-z_]+\[\d+\])?)?$/);
  },
);

describe("through a socket", () => {
  const thrown: { error: unknown } = { error: undefined };
  const logged: string[] = [];
  const log = pino(
    new Writable({
      write: (line, _encoding, done) => {
        logged.push(String(line));
        done();
      },
    }),
  );
  const fail = () => Promise.reject(thrown.error);
  const handlers: Handlers<typeof PermissionServiceService> = {
    createPermission: fail,
    getPermission: fail,
    listPermissions: fail,
    updatePermission: fail,
    deletePermission: () => {
      throw thrown.error;
    },
  };
  const server = new GrpcServer([
    registerService(PermissionServiceService, handlers, permissionActions, openPassage(log)),
  ]);
  let client: ReturnType<typeof connect>;
  beforeAll(async () => {
    client = connect(`127.0.0.1:${await server.listen("127.0.0.1", 0)}`);
  });
  beforeEach(() => logged.splice(0));
  afterAll(async () => {
    client.close();
    await server.close();
  });

  test.each(Object.values(samples).map((sample) => [sample.reason, sample] as const))(
    "%s arrives whole, with nothing in the log",
    async (reason, sample) => {
      thrown.error = sample;
      const { violations = [], preconditions = [], quota, retryAfter } = sample.details;
      expect(await failureOf(client.permissions.getPermission({}))).toEqual({
        code: sample.kind.toUpperCase(),
        reason,
        metadata: sample.metadata,
        domain: "orgroles",
        message: sample.message,
        violations,
        preconditions,
        quota: quota ? [quota] : [],
        retryDelay: retryAfter,
      });
      expect(logged).toEqual([]);
    },
  );

  test.each([
    ["an error", new Error("secret: SELECT * FROM roles")],
    ["something that is no error", "secret text"],
    ["nothing", undefined],
  ])("%s is INTERNAL with a fixed text, and its cause is in the log alone", async (_, error) => {
    thrown.error = error;
    for (const rpc of ["getPermission", "deletePermission"] as const) {
      const failure = await failureOf(client.permissions[rpc]({}));
      const requestId = failure.metadata?.["request_id"];
      expect(failure).toEqual({
        code: "INTERNAL",
        reason: "INTERNAL",
        metadata: { request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        domain: "orgroles",
        message: `Internal error; request id ${requestId}`,
        violations: [],
        preconditions: [],
        quota: [],
        retryDelay: undefined,
      });
      const [line = "", ...more] = logged.splice(0);
      expect(more).toEqual([]);
      expect(JSON.parse(line)).toMatchObject({ requestId, method: expect.stringContaining("PermissionService") });
      if (error) expect(line).toContain("secret");
    }
  });
});
