import type { EnvironmentState } from "../../domain/environment";
import { organizationDataDeleted } from "../../domain/event";
import type { OrganizationState } from "../../domain/organization";
import { firstRevision } from "../../domain/revision";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import type { ChangeRecord } from "../transactions/change-record";
import { refuseForActingUser } from "../transactions/escalation-guard";

export interface DeleteOrganizationData extends OrganizationScope {
  readonly eraseEvents?: boolean | undefined;
  readonly validateOnly?: boolean | undefined;
  readonly requestId?: string | undefined;
}

export interface DeletedData {
  readonly deletedRoleCount: number;
  readonly deletedMembershipCount: number;
}

/**
 * Deletes the configuration, custom roles, members and groups of an organization, and with `eraseEvents` its earlier
 * events. Locks the organization. With `validateOnly` only counts.
 */
export async function deleteOrganizationData(
  dependencies: Dependencies,
  request: DeleteOrganizationData,
  call: Call,
): Promise<DeletedData> {
  const fields = new Fields();
  const { scope, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  const { eraseEvents = false, validateOnly = false } = request;
  const remove = async (
    stores: Stores,
    changes: ChangeRecord,
    state: EnvironmentState,
    organization: OrganizationState,
  ) => {
    const { environment } = state;
    const { uid } = environment;
    const counts = await count(stores, state, organization);
    await stores.roles.removeAll(uid, scope.organizationId);
    await stores.organizations.remove(uid, organization, clock());
    if (eraseEvents) await stores.sequences.erase(uid, scope.organizationId, organization.revision);
    if (!organization.isNew || organization.revision > firstRevision)
      changes.add({ environment, organization }, organizationDataDeleted({ ...counts, eventsErased: eraseEvents }));
    return counts;
  };
  if (validateOnly)
    return transactions.read(scope, context.signal, async (stores, { state, organization }) => {
      refuseForActingUser(state.environment, context);
      return organization ? count(stores, state, organization) : nothing;
    });
  // the events of an organization without data have no other lock than a row that is made for it
  if (eraseEvents)
    return transactions.upsertOrganization(scope, context, (stores, changes, state, organization) => {
      refuseForActingUser(state.environment, context);
      return remove(stores, changes, state, organization);
    });
  return transactions.updateScope(scope, context, async (stores, changes, { state, organization }) => {
    refuseForActingUser(state.environment, context);
    return organization ? remove(stores, changes, state, organization) : nothing;
  });
}

const nothing: DeletedData = { deletedRoleCount: 0, deletedMembershipCount: 0 };

async function count(
  stores: Stores,
  { environment }: EnvironmentState,
  organization: OrganizationState,
): Promise<DeletedData> {
  return {
    deletedRoleCount: organization.customRoles.length,
    deletedMembershipCount: await stores.memberships.count(environment.uid, organization.uid),
  };
}
