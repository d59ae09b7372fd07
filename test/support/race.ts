import type { ServiceError } from "@grpc/grpc-js";
import type { ListOrgRolesResponse } from "../../gen/orgroles/v1/role_service";
import { type Failure, type TestClient, readFailure } from "./client";

export interface Outcome<T> {
  readonly answers: T[];
  readonly failures: Failure[];
}

/** Waits for calls that run at once, and sorts what came of them. */
export async function outcomeOf<T>(calls: readonly Promise<T>[]): Promise<Outcome<T>> {
  const answers: T[] = [];
  const failures: Failure[] = [];
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === "fulfilled") answers.push(result.value);
    else if ((result.reason as Partial<ServiceError>).metadata)
      failures.push(readFailure(result.reason as ServiceError));
    else throw result.reason;
  }
  return { answers, failures };
}

/** How often each reason was given; a failure without one shows its code and text. */
export function reasonsOf(failures: readonly Failure[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason, code, message } of failures) {
    const key = reason ?? `${code}: ${message}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** One state and nothing between two: each role once, in the order of the configuration, with one default. */
export function expectOneState({ roles, config, nextPageToken }: ListOrgRolesResponse): void {
  const slugs = roles.map(({ slug }) => slug);
  expect(nextPageToken).toBe("");
  expect(config?.priorityOrder).toEqual(slugs);
  expect(new Set(slugs).size).toBe(slugs.length);
  expect(roles.map(({ priority }) => priority)).toEqual(roles.map((_, index) => index + 1));
  expect(roles.filter(({ isDefault }) => isDefault).map(({ slug }) => slug)).toEqual([config?.defaultRoleSlug]);
}

export async function listOrg(client: TestClient, environmentId: string, organizationId: string) {
  const list = await client.roles.listOrgRoles({ environmentId, organizationId, pageSize: 1000 });
  expectOneState(list);
  return list;
}

/** Reads an organization over and over while the work lasts; every single answer must be one state. */
export async function whileReading<T>(
  clients: readonly TestClient[],
  environmentId: string,
  organizationId: string,
  work: Promise<T>,
): Promise<T> {
  const reading = { over: false };
  const readers = clients.map(async (client) => {
    let count = 0;
    while (!reading.over) {
      await listOrg(client, environmentId, organizationId);
      count += 1;
    }
    return count;
  });
  try {
    return await work;
  } finally {
    reading.over = true;
    for (const count of await Promise.all(readers)) expect(count).toBeGreaterThan(0);
  }
}
