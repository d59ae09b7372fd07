import { EntitySchema } from "typeorm";
import type { EnvironmentUid, RoleId } from "../../domain/ids";
import type { EnvironmentId, Name } from "../../domain/values";
import { type Columns, primary } from "./columns";

export interface EnvironmentRow {
  uid: EnvironmentUid;
  id: EnvironmentId;
  displayName: Name;
  multipleRolesEnabled: boolean;
  defaultRoleId: RoleId;
  roleOrder: RoleId[];
  revision: number;
  createTime: number;
  updateTime: number;
}

export const environmentEntity = (columns: Columns) =>
  new EntitySchema<EnvironmentRow>({
    name: "environments",
    columns: {
      uid: primary(columns.ascii(26)),
      id: columns.ascii(64),
      displayName: columns.text(64),
      multipleRolesEnabled: columns.boolean(),
      defaultRoleId: columns.ascii(31),
      roleOrder: columns.idList(),
      revision: columns.integer(),
      createTime: columns.integer(),
      updateTime: columns.integer(),
    },
    indices: [{ name: "environments_id", columns: ["id"], unique: true }],
  });

/**
 * The parent that organizations refer to. It is apart from the environment so that their coming into being and writes
 * to the environment do not wait for each other; only the end of an environment locks it.
 */
export interface EnvironmentAnchorRow {
  environmentUid: EnvironmentUid;
  closings: number;
}

export const environmentAnchorEntity = (columns: Columns) =>
  new EntitySchema<EnvironmentAnchorRow>({
    name: "environment_anchors",
    columns: { environmentUid: primary(columns.ascii(26)), closings: columns.integer() },
  });

/** What happens to all members at a stroke, and what changes its meaning in one organization, touch this row. */
export interface SuccessionRow {
  environmentUid: EnvironmentUid;
  touches: number;
  /** Something was deleted that others may still refer to. */
  sweepRequested: boolean;
}

export const successionEntity = (columns: Columns) =>
  new EntitySchema<SuccessionRow>({
    name: "successions",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      touches: columns.integer(),
      sweepRequested: columns.boolean(),
    },
    indices: [{ name: "successions_sweep", columns: ["sweepRequested"] }],
  });

/** An end of multiple roles. */
export interface RoleCollapseRow {
  environmentUid: EnvironmentUid;
  revision: number;
  roleOrder: RoleId[];
  createTime: number;
}

export const roleCollapseEntity = (columns: Columns) =>
  new EntitySchema<RoleCollapseRow>({
    name: "role_collapses",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      revision: primary(columns.integer()),
      roleOrder: columns.idList(),
      createTime: columns.integer(),
    },
  });
