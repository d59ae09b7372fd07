import type { Environment } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { environmentChange } from "../../domain/event";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { refuseForActingUser } from "../transactions/escalation-guard";
import { lockOrganizationCreation } from "../transactions/scope-locks";
import { viewEnvironment } from "./view-environment";

export interface DeleteEnvironment {
  readonly environmentId: string;
  readonly force: boolean;
  readonly validateOnly?: boolean | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Deletes an environment. Without `force`, throws ENVIRONMENT_NOT_EMPTY if an organization has data. Locks the
 * environment, and without `force` the creation of organizations in it. With `validateOnly` only counts.
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
  const { validateOnly = false } = request;
  const { transactions, clock } = dependencies;
  const count = async (stores: Stores, { uid }: Environment) => {
    const deletedOrganizationCount = await stores.organizations.count(uid);
    if (whileEmpty && deletedOrganizationCount)
      throw refuse.environmentNotEmpty(environmentId, deletedOrganizationCount);
    return { deletedOrganizationCount };
  };
  if (validateOnly)
    return transactions.readEnvironment(environmentId, context.signal, (stores, environment) => {
      refuseForActingUser(environment, context);
      return count(stores, environment);
    });
  return transactions.deleteEnvironment(environmentId, context, async (stores, changes, environment) => {
    const { deletedOrganizationCount } = await count(stores, environment);
    if (whileEmpty) await lockOrganizationCreation(stores, environment.uid);
    await stores.environments.remove(environment.uid, clock());
    const before = viewEnvironment(dependencies, environment);
    changes.add({ environment }, environmentChange(before, undefined, deletedOrganizationCount));
    return { deletedOrganizationCount };
  });
}
