import { refuse } from "../../domain/errors";
import { environmentChange } from "../../domain/event";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { viewEnvironment } from "./view-environment";

export interface DeleteEnvironment {
  readonly environmentId: string;
  readonly force: boolean;
  readonly requestId?: string | undefined;
}

/**
 * Deletes an environment. Without `force`, throws ENVIRONMENT_NOT_EMPTY if an organization has data. Locks the
 * environment, and without `force` the creation of organizations in it.
 */
export async function deleteEnvironment(
  dependencies: Dependencies,
  request: DeleteEnvironment,
  call: Call,
): Promise<{ readonly deletedOrganizationCount: number }> {
  const fields = new Fields();
  const { environmentId, context } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    context: parseWriteContext(fields, request, call),
  });

  const whileEmpty = !request.force;
  const { transactions, clock } = dependencies;
  return transactions.deleteEnvironment(
    environmentId,
    { whileEmpty, context },
    async (stores, changes, environment) => {
      const { uid } = environment;
      const deletedOrganizationCount = await stores.organizations.count(uid);
      if (whileEmpty && deletedOrganizationCount)
        throw refuse.environmentNotEmpty(environmentId, deletedOrganizationCount);
      await stores.environments.remove(uid, clock());
      const before = viewEnvironment(dependencies, environment);
      changes.add({ environment }, environmentChange(before, undefined, deletedOrganizationCount));
      return { deletedOrganizationCount };
    },
  );
}
