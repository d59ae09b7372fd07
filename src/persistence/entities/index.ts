import type { EntityManager, EntitySchema, Repository } from "typeorm";
import type { Engine } from "../engine";
import { columnsFor } from "./columns";
import {
  type EnvironmentAnchorRow,
  type EnvironmentRow,
  environmentAnchorEntity,
  environmentEntity,
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
  answered_requests: AnsweredRequestRow;
  purges: PurgeRow;
  leases: LeaseRow;
}

export function table<Name extends keyof Tables>(manager: EntityManager, name: Name): Repository<Tables[Name]> {
  return manager.getRepository<Tables[Name]>(name);
}

export function entitiesFor(engine: Engine): EntitySchema[] {
  const columns = columnsFor(engine);
  return [
    environmentEntity,
    environmentAnchorEntity,
    organizationEntity,
    roleEntity,
    rolePermissionEntity,
    permissionEntity,
    answeredRequestEntity,
    purgeEntity,
    leaseEntity,
  ].map((entity): EntitySchema => entity(columns));
}
