import { environmentRoles, idsOf } from "../../domain/effective-roles";
import type { EnvironmentView } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { environmentChange } from "../../domain/event";
import { parseDisplayName, parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { environmentEtag, viewEnvironment } from "./view-environment";

export interface UpdateEnvironment {
  readonly environmentId: string;
  readonly environment:
    | {
        readonly displayName: string;
        readonly multipleRolesEnabled: boolean;
        readonly escalationGuardEnabled?: boolean;
      }
    | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Changes the settings of an environment. Throws ETAG_MISMATCH. Locks the environment, and where it disables multiple
 * roles the roles of all members.
 */
export async function updateEnvironment(
  dependencies: Dependencies,
  request: UpdateEnvironment,
  call: Call,
): Promise<EnvironmentView> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const mask = fields.mask(request.updateMask, ["display_name", "multiple_roles_enabled", "escalation_guard_enabled"]);
  const { environment: values } = request;
  if (!values) fields.refuse("environment", "is required");
  const parsed = fields.check({
    environmentId,
    settings: fields.group({
      ...(mask.has("display_name") && {
        displayName: fields.required("environment.display_name", values?.displayName, parseDisplayName),
      }),
      ...(mask.has("multiple_roles_enabled") && { multipleRolesEnabled: values?.multipleRolesEnabled ?? false }),
      ...(mask.has("escalation_guard_enabled") && { escalationGuardEnabled: values?.escalationGuardEnabled ?? false }),
    }),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  const { settings, etag, context } = parsed;
  const updateTime = clock();
  return transactions.updateEnvironment(
    parsed.environmentId,
    context,
    async (stores, changes, state, lockAllMembers) => {
      const { environment } = state;
      if (etag && etag !== environmentEtag(dependencies, environment)) throw refuse.etagMismatch(etag);
      const before = viewEnvironment(dependencies, environment);
      const wanted = { ...environment, ...settings };
      if (environmentEtag(dependencies, wanted) === before.etag) return before;
      if (environment.multipleRolesEnabled && settings.multipleRolesEnabled === false) {
        await lockAllMembers();
        const order = idsOf(environmentRoles(state).roles);
        const { uid, revision } = environment;
        await stores.environments.insertMultipleRolesDisabled(uid, { revision, order, createTime: updateTime });
        await stores.environments.requestRewriting(uid);
      }
      await stores.environments.update(environment.uid, { ...settings, updateTime });
      const after = viewEnvironment(dependencies, { ...wanted, updateTime });
      changes.add({ environment }, environmentChange(before, after));
      return after;
    },
  );
}
