import { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import type { UseCases } from "../application/use-cases";
import { accessHandlers } from "./access-handlers";
import { environmentHandlers } from "./environment-handlers";
import { membershipHandlers } from "./membership-handlers";
import { permissionHandlers } from "./permission-handlers";
import {
  type RequiredActions,
  accessActions,
  environmentActions,
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
}

const handled = <S extends Service>(
  service: S,
  handlers: Handlers<S>,
  actions: RequiredActions<S>,
): HandledService => ({ service, handlers, actions });

/** Returns the services of the API, for any transport. */
export function createApi(useCases: UseCases): HandledService[] {
  const { roles, environments, permissions, memberships, groupRoles, access } = useCases;
  return [
    handled(RoleServiceService, roleHandlers(roles), roleActions),
    handled(EnvironmentServiceService, environmentHandlers(environments), environmentActions),
    handled(PermissionServiceService, permissionHandlers(permissions), permissionActions),
    handled(MembershipServiceService, membershipHandlers(memberships, groupRoles), membershipActions),
    handled(AccessServiceService, accessHandlers(access), accessActions),
  ];
}
