import { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import { EventServiceService } from "../../gen/orgroles/v1/event_service";
import { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import type { UseCases } from "../application/use-cases";
import { accessHandlers } from "./access-handlers";
import { environmentHandlers } from "./environment-handlers";
import { eventHandlers } from "./event-handlers";
import { membershipHandlers } from "./membership-handlers";
import { permissionHandlers } from "./permission-handlers";
import {
  type Reaches,
  type RequiredActions,
  accessActions,
  accessReaches,
  environmentActions,
  environmentReaches,
  eventActions,
  eventReaches,
  membershipActions,
  membershipReaches,
  permissionActions,
  permissionReaches,
  roleActions,
  roleReaches,
} from "./required-actions";
import { roleHandlers } from "./role-handlers";
import type { Handlers, Service } from "./service";

/** A generated service with the functions that handle its RPCs, what callers must be allowed to do, and what it is about. */
export interface HandledService<S extends Service = Service> {
  readonly service: S;
  readonly handlers: Handlers<S>;
  readonly actions: RequiredActions<S>;
  readonly reaches: Reaches<S>;
}

const handled = <S extends Service>(
  service: S,
  handlers: Handlers<S>,
  actions: RequiredActions<S>,
  reaches: Reaches<S> = {},
): HandledService => ({ service, handlers, actions, reaches });

/** Returns the services of the API, for any transport. */
export function createApi(useCases: UseCases): HandledService[] {
  const { roles, environments, permissions, memberships, groupRoles, events, access } = useCases;
  return [
    handled(RoleServiceService, roleHandlers(roles), roleActions, roleReaches),
    handled(EnvironmentServiceService, environmentHandlers(environments), environmentActions, environmentReaches),
    handled(PermissionServiceService, permissionHandlers(permissions), permissionActions, permissionReaches),
    handled(
      MembershipServiceService,
      membershipHandlers(memberships, groupRoles),
      membershipActions,
      membershipReaches,
    ),
    handled(EventServiceService, eventHandlers(events), eventActions, eventReaches),
    handled(AccessServiceService, accessHandlers(access), accessActions, accessReaches),
  ];
}
