import { environmentRoles, viewRole } from "../../domain/effective-roles";
import type { Environment, EnvironmentView } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { environmentChange, roleChange, roleConfigChange } from "../../domain/event";
import { firstRevision } from "../../domain/revision";
import { type Name, parseDisplayName } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { KeyTaken } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { createFirstRole } from "./first-role";
import { viewEnvironment } from "./view-environment";

export interface CreateEnvironment {
  readonly environmentId: string;
  readonly displayName: string;
  readonly requestId?: string | undefined;
}

/** Creates an environment with its first role. Throws ENVIRONMENT_EXISTS. */
export async function createEnvironment(
  dependencies: Dependencies,
  request: CreateEnvironment,
  call: Call,
): Promise<EnvironmentView> {
  const fields = new Fields();
  const { environmentId, displayName, context } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    displayName: fields.optional("display_name", request.displayName || undefined, parseDisplayName),
    context: parseWriteContext(fields, request, call),
  });

  const { ids, clock, digest, transactions } = dependencies;
  const time = clock();
  const role = createFirstRole(ids.role(), time);
  const environment: Environment = {
    uid: ids.environment(),
    id: environmentId,
    displayName: displayName ?? (environmentId as string as Name),
    multipleRolesEnabled: false,
    escalationGuardEnabled: false,
    createTime: time,
    updateTime: time,
    revision: firstRevision,
    defaultRoleId: role.id,
    order: [role.id],
  };
  try {
    return await transactions.createEnvironment(environment, context, async (stores, changes) => {
      await stores.roles.insert(environment.uid, role);
      const view = viewEnvironment(dependencies, environment);
      const effective = environmentRoles({ environment, roles: new Map([[role.id, role]]), multipleRolesDisabled: [] });
      changes.add({ environment }, environmentChange(undefined, view));
      changes.add({ environment }, roleChange(undefined, viewRole(digest, effective, role, [])));
      changes.add({ environment }, roleConfigChange("updated", digest, undefined, effective));
      return view;
    });
  } catch (error) {
    throw error instanceof KeyTaken ? refuse.environmentExists(environmentId) : error;
  }
}
