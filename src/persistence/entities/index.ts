import type { EntityManager, EntitySchema, Repository } from "typeorm";
import type { Dialect } from "../engines/dialect";
import { columnsFor } from "./columns";
import {
  type EnvironmentAnchorRow,
  type EnvironmentRow,
  type RoleCollapseRow,
  type SuccessionRow,
  environmentAnchorEntity,
  environmentEntity,
  roleCollapseEntity,
  successionEntity,
} from "./environment";
import {
  type AnsweredRequestRow,
  type LeaseRow,
  type PurgeRow,
  answeredRequestEntity,
  leaseEntity,
  purgeEntity,
} from "./housekeeping";
import { type OrganizationRow, organizationEntity } from "./organization";
import { type GroupRoleRow, type RoleAssignmentRow, groupRoleEntity, roleAssignmentEntity } from "./membership";
import { type PermissionRow, permissionEntity } from "./permission";
import { type RolePermissionRow, type RoleRow, roleEntity, rolePermissionEntity } from "./role";

/** Every table, and what a row of it is. */
export interface Tables {
  environments: EnvironmentRow;
  environment_anchors: EnvironmentAnchorRow;
  organizations: OrganizationRow;
  roles: RoleRow;
  role_permissions: RolePermissionRow;
  permissions: PermissionRow;
  role_assignments: RoleAssignmentRow;
  group_roles: GroupRoleRow;
  successions: SuccessionRow;
  role_collapses: RoleCollapseRow;
  answered_requests: AnsweredRequestRow;
  purges: PurgeRow;
  leases: LeaseRow;
}

export function table<Name extends keyof Tables>(manager: EntityManager, name: Name): Repository<Tables[Name]> {
  return manager.getRepository<Tables[Name]>(name);
}

export function entitiesFor({ columnTypes }: Dialect): EntitySchema[] {
  const columns = columnsFor(columnTypes);
  return [
    environmentEntity,
    environmentAnchorEntity,
    organizationEntity,
    roleEntity,
    rolePermissionEntity,
    permissionEntity,
    roleAssignmentEntity,
    groupRoleEntity,
    successionEntity,
    roleCollapseEntity,
    answeredRequestEntity,
    purgeEntity,
    leaseEntity,
  ].map((entity): EntitySchema => entity(columns));
}
