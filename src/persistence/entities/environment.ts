import type { EnvironmentUid, RoleId } from "../../domain/ids";
import type { EnvironmentId, Name } from "../../domain/values";
import { ascii, boolean, idList, integer, key, text } from "./columns";
import { declareTable } from "./table";

export const environmentTable = declareTable(
  "environments",
  {
    uid: key(ascii<EnvironmentUid>(26)),
    id: ascii<EnvironmentId>(64),
    displayName: text<Name>(64),
    multipleRolesEnabled: boolean(),
    defaultRoleId: ascii<RoleId>(31),
    roleOrder: idList<RoleId>(),
    revision: integer(),
    createTime: integer(),
    updateTime: integer(),
  },
  { indices: [{ name: "environments_id", columns: ["id"], unique: true }] },
);

/**
 * The parent row that organizations refer to. It is apart from the environment so that new organizations and writes to
 * the environment do not wait for each other; only the deletion of the environment locks it.
 */
export const environmentAnchorTable = declareTable("environment_anchors", {
  environmentUid: key(ascii<EnvironmentUid>(26)),
  closings: integer(),
});

/** The environments whose escalation guard is on. A table of its own, because servers of the version before add environments. */
export const escalationGuardTable = declareTable("escalation_guards", {
  environmentUid: key(ascii<EnvironmentUid>(26)),
});

/**
 * Lock row of role resolution, taken by changes that affect all members at once and by changes to an organization's
 * default or order.
 */
export const roleResolutionTable = declareTable(
  "successions",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    /** Grows with every lock. */
    touches: integer(),
    /** Whether something was deleted that members, groups or defaults may still refer to. */
    sweepRequested: boolean(),
  },
  { indices: [{ name: "successions_sweep", columns: ["sweepRequested"] }] },
);

/** The events that disabled multiple roles. */
export const multipleRolesDisabledTable = declareTable("role_collapses", {
  environmentUid: key(ascii<EnvironmentUid>(26)),
  revision: key(integer()),
  roleOrder: idList<RoleId>(),
  createTime: integer(),
});
