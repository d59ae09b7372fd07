import type { EntityManager, EntitySchema, Repository } from "typeorm";
import type { Dialect } from "../engines/dialect";
import {
  environmentAnchorTable,
  environmentTable,
  escalationGuardTable,
  multipleRolesDisabledTable,
  roleResolutionTable,
} from "./environment";
import { eventTable } from "./event";
import { eventErasureTable, eventSequenceTable, secretTable } from "./event-sequence";
import { deletionMarkerTable, idempotencyRecordTable, leaseTable } from "./housekeeping";
import { groupRoleTable, roleAssignmentTable } from "./membership";
import { organizationTable } from "./organization";
import { permissionTable } from "./permission";
import { rolePermissionTable, roleTable } from "./role";
import type { RowOf } from "./table";

const tables = [
  environmentTable,
  escalationGuardTable,
  environmentAnchorTable,
  organizationTable,
  roleTable,
  rolePermissionTable,
  permissionTable,
  roleAssignmentTable,
  groupRoleTable,
  roleResolutionTable,
  multipleRolesDisabledTable,
  idempotencyRecordTable,
  eventTable,
  eventSequenceTable,
  eventErasureTable,
  secretTable,
  deletionMarkerTable,
  leaseTable,
] as const;

/** The type of the rows of each table, by its name. */
export type Tables = { [T in (typeof tables)[number] as T["name"]]: RowOf<T> };

export function table<Name extends keyof Tables>(manager: EntityManager, name: Name): Repository<Tables[Name]> {
  return manager.getRepository<Tables[Name]>(name);
}

export const entitiesFor = ({ columnTypes }: Dialect): EntitySchema[] =>
  tables.map((declared) => declared.entity(columnTypes));
