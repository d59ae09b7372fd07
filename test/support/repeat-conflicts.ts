import type { ServiceError } from "@grpc/grpc-js";
import { type TestClient, readFailure } from "./client";

type Method = (...parameters: unknown[]) => Promise<unknown>;

/** Returns a client that repeats what failed with CONFLICT_RETRY, as callers do. */
export function repeatConflicts<Client extends TestClient>(client: Client): Client {
  return {
    ...client,
    roles: repeating(client.roles),
    environments: repeating(client.environments),
    permissions: repeating(client.permissions),
    memberships: repeating(client.memberships),
  };
}

function repeating<Calls extends object>(calls: Calls): Calls {
  return new Proxy(calls, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      return typeof method === "function" ? (...all: unknown[]) => repeat(method as Method, all) : method;
    },
  });
}

async function repeat(method: Method, parameters: unknown[]): Promise<unknown> {
  for (;;)
    try {
      return await method(...parameters);
    } catch (error) {
      if (readFailure(error as ServiceError).reason !== "CONFLICT_RETRY") throw error;
    }
}
