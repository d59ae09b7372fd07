import * as fc from "fast-check";
import { engines } from "../support/engines";
import { allRpcs, message, rawClient } from "../support/raw";
import { slugsOf, stageOn } from "../support/stage";

const inside =
  /sql|typeorm|maria|node_modules|\.[jt]s\b|\bat .+:\d|errno|constraint|collation|stack|undefined|\[object/i;
const refusals = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "FAILED_PRECONDITION",
  "ABORTED",
  "RESOURCE_EXHAUSTED",
];

const requestId = "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11";

const mask = (...paths: string[]) => message(...paths.map((path) => [1, path] as const));

/** One valid request for each RPC, with every field. */
const requests = (environmentId: string): Record<string, Uint8Array> => {
  const role = message([6, "New"], [7, "Text"], [8, "invoices:pay"], [12, message([1, 1_700_000_000], [2, 1])]);
  const key = [1, environmentId] as const;
  const acme = [2, "acme"] as const;
  return {
    "RoleService/CreateRole": message(key, acme, [4, "Name"], [5, "Text"], [6, "invoices:pay"]),
    "RoleService/GetRole": message(key, acme, [3, "member"]),
    "RoleService/ListEnvironmentRoles": message(key, [2, 5]),
    "RoleService/ListOrgRoles": message(key, acme, [3, 5]),
    "RoleService/UpdateRole": message(key, [3, "admin"], [4, role], [5, mask("name", "permissions")], [7, requestId]),
    "RoleService/AddRolePermissions": message(key, [3, "admin"], [4, "invoices:pay"], [4, "reports:read"]),
    "RoleService/RemoveRolePermissions": message(key, [3, "admin"], [4, "invoices:pay"]),
    "RoleService/SetPriority": message(key, [3, "admin"], [3, "member"]),
    "RoleService/SetDefaultRole": message(key, [3, "admin"]),
    "RoleService/DeleteEnvironmentRole": message(key, [2, "admin"], [3, "member"], [4, 1]),
    "RoleService/DeleteOrgRole": message(key, acme, [3, "org-own"], [4, "member"], [5, 1]),
    "RoleService/ResetOrgRoleConfig": message(key, acme),
    "RoleService/SuggestSlug": message(key, acme, [3, "Name"]),
    "EnvironmentService/CreateEnvironment": message([1, "new"], [2, "Name"], [3, requestId]),
    "EnvironmentService/GetEnvironment": message(key),
    "EnvironmentService/ListEnvironments": message([1, 5]),
    "EnvironmentService/UpdateEnvironment": message(key, [2, message([2, "New"], [3, 1])], [3, mask("display_name")]),
    "EnvironmentService/DeleteEnvironment": message([1, "none"], [2, 1], [4, 1]),
    "EnvironmentService/DeleteOrganizationData": message(key, [2, "umbrella"]),
    "EnvironmentService/ListOrganizations": message(key, [2, "a"], [3, 5]),
    "EnvironmentService/GetOrganization": message(key, acme),
    "PermissionService/CreatePermission": message(key, [2, "exports:run"], [3, "Run"], [4, "Text"]),
    "PermissionService/GetPermission": message(key, [2, "invoices:pay"]),
    "PermissionService/ListPermissions": message(key, [2, 5]),
    "PermissionService/UpdatePermission": message(
      key,
      [2, "invoices:pay"],
      [3, message([4, "New"], [5, "Text"])],
      [4, mask("name")],
    ),
    "PermissionService/DeletePermission": message(key, [2, "exports:run"]),
    "MembershipService/SetMemberRoles": message(key, acme, [3, "ann"], [4, "admin"], [6, requestId]),
    "MembershipService/BatchSetMemberRoles": message(
      key,
      [2, message([1, "acme"], [2, "bob"], [3, "member"])],
      [2, message([1, "umbrella"], [2, "bob"])],
    ),
    "MembershipService/GetMembership": message(key, acme, [3, "ann"]),
    "MembershipService/DeleteMembership": message(key, acme, [3, "cyd"]),
    "MembershipService/ListMemberships": message(key, acme, [3, "member"], [4, 5], [6, "a"]),
    "MembershipService/DeleteUserMemberships": message(key, [2, "dan"], [3, requestId]),
    "MembershipService/ListUserMemberships": message(key, [2, "ann"], [3, 5]),
    "MembershipService/ListRoleMemberships": message(key, [2, "member"], [3, 5]),
    "MembershipService/SetGroupRole": message(key, acme, [3, "staff"], [4, "admin"]),
    "MembershipService/DeleteGroupRole": message(key, acme, [3, "guests"]),
    "MembershipService/ListGroupRoles": message(key, acme, [3, 5]),
    "MembershipService/SyncMemberGroups": message(key, acme, [3, "cyd"], [4, "staff"], [4, "guests"]),
    "AccessService/GetAccess": message(key, acme, [3, "ann"]),
    "AccessService/CheckPermission": message(key, acme, [3, "ann"], [4, "invoices:read"]),
    "AccessService/BatchCheckPermissions": message(
      key,
      [2, message([1, "acme"], [2, "ann"], [3, "invoices:read"])],
      [2, message([1, "globex"], [2, "gil"], [3, "reports:read"])],
    ),
    "AccessService/GetCaller": message(),
    "EventService/ListEvents": message(key, acme, [3, "membership"], [4, "ann"], [5, message([1, 1000])], [7, 1]),
    "EventService/WatchEvents": message(key, acme, [3, "membership"], [5, 1]),
  };
};

interface Mutation {
  readonly kind: "replace" | "insert" | "remove" | "repeat" | "cut";
  /** Between 0 and 1, from the first byte to the last. */
  readonly place: number;
  readonly bytes: Uint8Array;
}

const interestingBytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 4 }),
  fc.constantFrom("\0", "\uFEFF", "\u0085", "'", "管", "🙂", "/", "-_", "org-").map((text) => Buffer.from(text)),
);

const mutations = fc.array(
  fc.record<Mutation>({
    kind: fc.constantFrom("replace", "insert", "remove", "repeat", "cut"),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: interestingBytes,
  }),
  { minLength: 1, maxLength: 3 },
);

function mutated(request: Uint8Array, { kind, place, bytes }: Mutation): Uint8Array {
  const at = Math.floor(place * request.length);
  const before = request.subarray(0, at);
  const rest = {
    replace: [bytes, request.subarray(at + bytes.length)],
    insert: [bytes, request.subarray(at)],
    remove: [request.subarray(at + bytes.length)],
    repeat: [request, request.subarray(at)],
    cut: [],
  };
  return Buffer.concat([before, ...rest[kind]]);
}

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  let raw: ReturnType<typeof rawClient>;
  beforeAll(() => (raw = rawClient(stage.address)));
  afterAll(() => raw.close());

  test("there is a valid request for every RPC", async () => {
    const environmentId = await stage.changingEnvironment();
    const valid = requests(environmentId);
    expect(Object.keys(valid).toSorted()).toEqual(allRpcs.toSorted());
    for (const [rpc, request] of Object.entries(valid)) {
      const { failure } = await raw.call(rpc, request);
      expect(failure?.reason).not.toBe("INVALID_FIELDS");
    }
  });

  test("a request with bytes changed is answered or refused, and leaves everything whole", async () => {
    const environmentId = await stage.changingEnvironment();
    const valid = requests(environmentId);
    const whole = async () => {
      for (const organizationId of ["acme", "globex"]) {
        const { roles, config } = await stage.roles.listOrgRoles({ environmentId, organizationId, pageSize: 1000 });
        expect(slugsOf(roles)).toEqual(config?.priorityOrder);
        expect(roles.filter(({ isDefault }) => isDefault)).toHaveLength(1);
        expect(config?.inheritsEnvironment).toBe(!roles.some((role) => role.organizationId));
        const { memberships } = await stage.memberships.listMemberships({ environmentId, organizationId });
        for (const { userId, roleSlugs, primaryRoleSlug } of memberships) {
          expect(roleSlugs).toEqual([primaryRoleSlug]);
          expect(config?.priorityOrder).toContain(primaryRoleSlug);
          const { role } = await stage.access.getAccess({ environmentId, organizationId, userId });
          expect(role).toBe(primaryRoleSlug);
        }
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...allRpcs), mutations, async (rpc, changes) => {
        const request = changes.reduce(mutated, valid[rpc] ?? Buffer.alloc(0));
        const { failure, headerBytes } = await raw.call(rpc, request);
        if (failure) {
          expect(refusals).toContain(failure.code);
          expect(failure).toMatchObject({ domain: "orgroles", reason: expect.stringMatching(/^[A-Z_]+$/) });
          expect([failure.message, ...failure.violations.map(({ description }) => description)].join("\n")).not.toMatch(
            inside,
          );
          expect(headerBytes).toBeLessThan(8192);
        }
        await whole();
      }),
      { numRuns: 120 },
    );
  });
});
