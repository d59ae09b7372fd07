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
  type RequiredActions,
  accessActions,
  environmentActions,
  eventActions,
  filteredEvents,
  membershipActions,
  permissionActions,
  roleActions,
} from "./required-actions";
import { roleHandlers } from "./role-handlers";
import type { Handlers, Service } from "./service";

/** A generated service with the functions that handle its RPCs, and what callers must be allowed to do. */
export interface HandledService<S extends Service = Service> {
  readonly service: S;
  readonly handlers: Handlers<S>;
  readonly actions: RequiredActions<S>;
  /** The RPCs whose responses to callers of some organizations contain only what is theirs. */
  readonly filtered: ReadonlySet<string>;
}

const handled = <S extends Service>(
  service: S,
  handlers: Handlers<S>,
  actions: RequiredActions<S>,
  filtered: ReadonlySet<string> = new Set(),
): HandledService => ({ service, handlers, actions, filtered });

/** Returns the services of the API, for any transport. */
export function createApi(useCases: UseCases): HandledService[] {
  const { roles, environments, permissions, memberships, groupRoles, events, access } = useCases;
  return [
    handled(RoleServiceService, roleHandlers(roles), roleActions),
    handled(EnvironmentServiceService, environmentHandlers(environments), environmentActions),
    handled(PermissionServiceService, permissionHandlers(permissions), permissionActions),
    handled(MembershipServiceService, membershipHandlers(memberships, groupRoles), membershipActions),
    handled(EventServiceService, eventHandlers(events), eventActions, filteredEvents),
    handled(AccessServiceService, accessHandlers(access), accessActions),
  ];
}
