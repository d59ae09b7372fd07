import type { EnvironmentView } from "../../domain/environment";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { parseEnvironmentId } from "../request/scope";
import { viewEnvironment } from "./view-environment";

/** Returns an environment. Throws ENVIRONMENT_NOT_FOUND. */
export async function getEnvironment(
  dependencies: Dependencies,
  request: { readonly environmentId: string },
): Promise<EnvironmentView> {
  const fields = new Fields();
  const { environmentId } = fields.check({ environmentId: parseEnvironmentId(fields, request) });
  return viewEnvironment(dependencies, await dependencies.transactions.getEnvironment(environmentId));
}
