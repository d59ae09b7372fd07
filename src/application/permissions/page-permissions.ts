import type { PermissionView } from "../../domain/permission";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { type TwoWayPage, type TwoWayRequest, readTwoWayPage } from "../request/two-way-page";
import { viewPermission } from "./permission";

/** Returns a page of the permissions of an environment, in order of their creation. Cursors are their ids. */
export async function pagePermissions(
  dependencies: Dependencies,
  request: { readonly environmentId: string; readonly page: TwoWayRequest<string> },
  { signal }: Call,
): Promise<TwoWayPage<PermissionView>> {
  const fields = new Fields();
  const { environmentId } = fields.check({ environmentId: parseEnvironmentId(fields, request) });

  return dependencies.transactions.readEnvironment(environmentId, signal, (stores, environment) =>
    readTwoWayPage(request.page, async (walk) =>
      (await stores.permissions.listById(environment.uid, walk)).map((permission) =>
        viewPermission(dependencies, environment, permission),
      ),
    ),
  );
}
