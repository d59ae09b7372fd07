import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import { Role } from "../../gen/orgroles/v1/role";
import { type TestClient, connect } from "../support/client";
import type { Operation } from "./register";

const slugs = ["r0", "r1", "r2", "r3"];
const permissions = ["p0", "p1", "p2", "p3"];

interface Scope {
  readonly environmentId: string;
  readonly organizationId: string;
}

/** Something of an organization that calls write and other calls read. */
interface Register {
  readonly initial: string;
  readonly values: readonly string[];
  readonly write: (client: TestClient, scope: Scope, value: string) => Promise<unknown>;
  readonly reads: readonly ((client: TestClient, scope: Scope) => Promise<string | undefined>)[];
}

const userId = "ann";
const fresh = Array.from({ length: 2000 }, (_, number) => `n${number}`);

/** What the hot reads tell, each of something else that is kept in memory: members, roles, orders, permissions. */
export const registers: Readonly<Record<string, Register>> = {
  "the role of a member": {
    initial: "r0",
    values: slugs,
    write: (client, scope, slug) => client.memberships.setMemberRoles({ ...scope, userId, roleSlugs: [slug] }),
    reads: [
      async ({ access }, scope) => (await access.getAccess({ ...scope, userId })).role,
      async ({ access }, scope) =>
        (await access.checkPermission({ ...scope, userId, permission: "base" })).grantedBy[0],
      async ({ memberships }, scope) =>
        (await memberships.getMembership({ ...scope, userId })).membership?.primaryRoleSlug,
    ],
  },
  "the default role of an organization": {
    initial: "r0",
    values: slugs,
    write: (client, scope, slug) => client.roles.setDefaultRole({ ...scope, slug }),
    reads: [async ({ roles }, scope) => (await roles.listOrgRoles(scope)).config?.defaultRoleSlug],
  },
  "the order of an organization": {
    initial: "r0",
    values: slugs,
    write: ({ roles }, scope, first) =>
      roles.setPriority({
        ...scope,
        slugs: [first, ...[...slugs, "member", "org-own"].filter((slug) => slug !== first)],
      }),
    reads: [async ({ roles }, scope) => (await roles.listOrgRoles(scope)).roles[0]?.slug],
  },
  "the name of a custom role": {
    initial: "Own",
    values: fresh,
    write: ({ roles }, scope, name) => {
      const role = Role.fromPartial({ name });
      return roles.updateRole({ ...scope, slug: "org-own", role, updateMask: ["name"] });
    },
    reads: [
      async ({ roles }, scope) => (await roles.getRole({ ...scope, slug: "org-own" })).role?.name,
      async ({ roles }, scope) => (await roles.listOrgRoles(scope)).roles.find(({ slug }) => slug === "org-own")?.name,
    ],
  },
  "the permissions of an environment role": {
    initial: "p0",
    values: permissions,
    write: ({ roles }, { environmentId }, permission) => {
      const role = Role.fromPartial({ permissions: [permission] });
      return roles.updateRole({ environmentId, slug: "member", role, updateMask: ["permissions"] });
    },
    reads: [
      async ({ access }, scope) => (await access.getAccess({ ...scope, userId: "bob" })).permissions[0],
      async ({ access }, { environmentId, organizationId }) => {
        const checks = permissions.map((permission) => ({ organizationId, userId: "bob", permission }));
        const { results } = await access.batchCheckPermissions({ environmentId, checks });
        return permissions.filter((_, index) => results[index]?.allowed).join();
      },
    ],
  },
};

/** What the registers are parts of. */
export async function prepare(client: TestClient, scope: Scope): Promise<void> {
  const { environmentId } = scope;
  for (const slug of ["base", ...permissions])
    await client.permissions.createPermission({ environmentId, slug, name: slug });
  for (const slug of slugs) await client.roles.createRole({ environmentId, slug, name: slug, permissions: ["base"] });
  await client.roles.addRolePermissions({ environmentId, slug: "member", permissions: ["p0"] });
  await client.roles.createRole({ ...scope, slug: "org-own", name: "Own" });
  await client.roles.setPriority({ ...scope, slugs: [...slugs, "member", "org-own"] });
  await client.roles.setDefaultRole({ ...scope, slug: "r0" });
  await client.memberships.setMemberRoles({ ...scope, userId, roleSlugs: ["r0"] });
  await client.memberships.setMemberRoles({ ...scope, userId: "bob", roleSlugs: ["member"] });
}

export type Histories = Map<string, Operation[]>;

/** Whether nothing was done: the service has said so, or the call has not left its client. */
const isUndone = ({ code, details }: ServiceError) =>
  code === status.ABORTED || code === status.RESOURCE_EXHAUSTED || details.startsWith("No connection established");

/** Milliseconds after which a client tries again that found nobody. */
const patience = 50;

/** One client that reads and writes registers of a scope at random, and tells of each success, until it is told to stop. */
export async function work(
  address: () => string,
  scope: Scope,
  histories: Histories,
  { stopped, random, onSuccess }: { stopped: () => boolean; random: () => number; onSuccess: () => void },
): Promise<void> {
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  let client = connect(address());
  let at = address();
  for (; !stopped(); ) {
    if (at !== address()) {
      client.close();
      at = address();
      client = connect(at);
    }
    const name = one(Object.keys(registers));
    const register = registers[name] as Register;
    const isWrite = random() < 0.3;
    const begin = performance.now();
    const add = (operation: Omit<Operation, "begin">) => histories.get(name)?.push({ ...operation, begin });
    const value = register.values === fresh ? `n${Math.floor(random() * 1e9)}` : one(register.values);
    try {
      if (isWrite) await register.write(client, scope, value);
      const seen = isWrite ? value : await one(register.reads)(client, scope);
      add({ kind: isWrite ? "write" : "read", value: seen ?? "", end: performance.now() });
      onSuccess();
    } catch (thrown) {
      const error = thrown as ServiceError;
      if (error.code !== status.UNAVAILABLE && !isUndone(error)) throw thrown;
      if (isWrite && !isUndone(error)) add({ kind: "write", value, end: Infinity });
      await sleep(patience);
    }
  }
  client.close();
}
