import { environmentRoles, idsOf } from "../../domain/effective-roles";
import type { EnvironmentView } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { parseDisplayName, parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { environmentEtag, viewEnvironment } from "./view-environment";

export interface UpdateEnvironment {
  readonly environmentId: string;
  readonly environment: { readonly displayName: string; readonly multipleRolesEnabled: boolean } | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export async function updateEnvironment(
  dependencies: Dependencies,
  request: UpdateEnvironment,
  call: Call,
): Promise<EnvironmentView> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const mask = fields.mask(request.updateMask, ["display_name", "multiple_roles_enabled"]);
  const values = request.environment;
  if (!values) fields.refuse("environment", "is required");
  const changes = {
    ...(mask.has("display_name") && {
      displayName: fields.required("environment.display_name", values?.displayName, parseDisplayName),
    }),
    ...(mask.has("multiple_roles_enabled") && { multipleRolesEnabled: values?.multipleRolesEnabled ?? false }),
    updateTime: dependencies.clock(),
  };
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  return dependencies.transactions.updateEnvironment(environmentId, context, async (stores, state) => {
    const { environment } = state;
    if (etag && etag !== environmentEtag(dependencies, environment)) throw refuse.etagMismatch(etag);
    if (environment.multipleRolesEnabled && changes.multipleRolesEnabled === false) {
      const order = idsOf(environmentRoles(state).roles);
      const collapse = { revision: environment.revision, order, createTime: changes.updateTime };
      await stores.environments.lockMemberRoles(environment.uid);
      await stores.environments.insertMultipleRolesDisabled(environment.uid, collapse);
      await stores.environments.requestRewriting(environment.uid);
    }
    await stores.environments.update(environment.uid, changes);
    return viewEnvironment(dependencies, { ...environment, ...changes });
  });
}
