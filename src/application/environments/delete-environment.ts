import { refuse } from "../../domain/errors";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";

export interface DeleteEnvironment {
  readonly environmentId: string;
  readonly force: boolean;
  readonly requestId?: string | undefined;
}

export async function deleteEnvironment(
  dependencies: Dependencies,
  request: DeleteEnvironment,
  call: Call,
): Promise<{ readonly deletedOrganizationCount: number }> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const context = parseWriteContext(fields, request.requestId, call);
  const { force } = request;
  fields.check();

  return dependencies.transactions.deleteEnvironment(environmentId, context, async (stores, { uid }) => {
    if (!force) await stores.environments.closeToNewOrganizations(uid);
    const deletedOrganizationCount = await stores.organizations.count(uid);
    if (deletedOrganizationCount && !force) throw refuse.environmentNotEmpty(environmentId, deletedOrganizationCount);
    await stores.environments.remove(uid, dependencies.clock());
    return { deletedOrganizationCount };
  });
}
