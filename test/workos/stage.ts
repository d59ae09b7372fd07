import { Environment } from "../../gen/orgroles/v1/environment";
import { tokenDigest } from "../../src/auth/authenticator";
import { bearer } from "../support/client";
import type { TestEngine } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { workosClient } from "./client";

const credential = (name: string, action: string, environments: string | readonly string[], more = {}) => ({
  name,
  token_sha256: tokenDigest(`sk_${name}`).toString("hex"),
  action,
  environments,
  ...more,
});

const credentials = [
  credential("all", "admin", "*"),
  credential("alpha", "write", ["alpha"]),
  credential("beta", "write", ["beta"]),
  credential("both", "write", ["alpha", "beta"]),
  credential("reader", "read", ["alpha"]),
  credential("acme", "write", ["alpha"], { organizations: ["acme"] }),
];

/** A service with the environments `alpha` and `beta`, and a client of the other service for each of its credentials. */
export async function startWorkos(engine: TestEngine, settings: Record<string, string> = {}) {
  const service: TestService = await startService(
    engine,
    {
      ORGROLES_WORKOS_API: "on",
      ORGROLES_CREDENTIALS: JSON.stringify(credentials),
      ORGROLES_HTTP_ADDRESS: "127.0.0.1:0",
      ORGROLES_LOG_LEVEL: "info",
      ...settings,
    },
    undefined,
    bearer("sk_all"),
  );
  return {
    service,
    by: (name: string) => workosClient(service.httpAddress, `sk_${name}`),
    enableMultipleRoles: (environmentId: string, enabled: boolean) =>
      service.environments.updateEnvironment({
        environmentId,
        environment: Environment.fromPartial({ multipleRolesEnabled: enabled }),
        updateMask: ["multiple_roles_enabled"],
      }),
  };
}

/** Returns what an exception of the client says. */
export async function failure(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    const { name, status, code, message, error: shown, rawData } = error as Record<string, unknown>;
    const body = (rawData ?? {}) as Record<string, unknown>;
    return { name, status, code: code ?? shown ?? body["code"], message: String(message) };
  }
  throw new Error("the call did not fail");
}
