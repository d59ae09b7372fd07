import { type EffectiveRoles, type RoleConfigView, idsOf, viewConfig } from "./effective-roles";
import type { EnvironmentView } from "./environment";
import type { GroupRoleView, IdentifiedGroupRole } from "./group-role";
import type { Digest, EventId, RoleId } from "./ids";
import type { IdentifiedMembership, MembershipView } from "./membership-view";
import type { PermissionView } from "./permission";
import type { RoleView } from "./role";
import type { Slug } from "./slug";
import type { EnvironmentId, OrganizationId, UserId } from "./values";

/** A resource as the API showed it before and after a change. One that was created has no `before`, a deleted one no `after`. */
interface Transition<View> {
  readonly before?: View | undefined;
  readonly after?: View | undefined;
}

/** A transition of a resource that names several roles, with the ids of these roles in the order of their slugs. */
interface RolesTransition<View> extends Transition<View> {
  readonly beforeRoleIds?: readonly RoleId[] | undefined;
  readonly roleIds?: readonly RoleId[] | undefined;
}

/** Where the references to a deleted role lead, and how many there were. */
export interface RoleDeletion {
  readonly replacementRole?: RoleReference | undefined;
  /** The default role of the environment after the deletion of an environment role. */
  readonly environmentDefaultRole?: RoleReference | undefined;
  readonly affectedOrganizationCount?: number;
  readonly reassignedMembershipCount?: number;
  readonly movedGroupRoleCount?: number;
}

interface RoleReference {
  readonly id: RoleId;
  readonly slug: Slug;
}

/** The content of a change, by the resource that it concerns. */
interface Contents {
  readonly role: Transition<RoleView> & { readonly deletion?: RoleDeletion };
  readonly role_config: RolesTransition<RoleConfigView>;
  readonly permission: Transition<PermissionView> & { readonly affectedRoleCount?: number };
  readonly membership: RolesTransition<MembershipView>;
  readonly group_role: Transition<GroupRoleView> & {
    readonly beforeRoleId?: RoleId | undefined;
    readonly roleId?: RoleId | undefined;
  };
  readonly environment: Transition<EnvironmentView> & { readonly deletedOrganizationCount?: number };
  readonly organization: {
    readonly deletedRoleCount: number;
    readonly deletedMembershipCount: number;
    readonly eventsErased: boolean;
  };
}

/** The verbs of the types of events about each thing. */
const verbs = {
  environment: ["created", "updated", "deleted"],
  permission: ["created", "updated", "deleted"],
  role: ["created", "updated", "deleted"],
  role_config: ["updated", "reset"],
  membership: ["created", "updated", "deleted"],
  group_role: ["created", "updated", "deleted"],
  organization: ["data_deleted"],
} as const satisfies Record<keyof Contents, readonly string[]>;

export type EventSubject = keyof typeof verbs;
export type EventType = { [Subject in EventSubject]: `${Subject}.${(typeof verbs)[Subject][number]}` }[EventSubject];

export const eventSubjects = Object.keys(verbs) as EventSubject[];
export const eventTypes = eventSubjects.flatMap((subject) =>
  verbs[subject].map((verb) => `${subject}.${verb}` as EventType),
);

/** One change: its type, and its content under the name of what it is about. */
export type EventChange = {
  readonly [Subject in EventSubject]: {
    readonly type: `${Subject}.${(typeof verbs)[Subject][number]}`;
    readonly subject: Subject;
    readonly content: Contents[Subject];
  };
}[EventSubject];

/** Who makes a change, and in which call. */
export interface Author {
  /** The name of the credentials. */
  readonly actor: string;
  /** The user for whom the credentials act; empty if there is none. */
  readonly actingUserId: UserId | "";
  /** Empty if the service or a command makes the change by itself. */
  readonly callId: string;
}

/** The record of a change as a caller sees it. */
export interface EventView extends Author {
  readonly id: EventId;
  readonly environmentId: EnvironmentId;
  /** Empty for an event of the environment. */
  readonly organizationId: OrganizationId | "";
  readonly time: number;
  /** The revision of the environment that the change saw. */
  readonly environmentRevision: number;
  readonly change: EventChange;
}

const verbOf = ({ before, after }: Transition<unknown>) => (!before ? "created" : !after ? "deleted" : "updated");

const referenceTo = (role: RoleReference | undefined) => role && { id: role.id, slug: role.slug };

export function roleChange(
  before: RoleView | undefined,
  after: RoleView | undefined,
  deletion?: RoleDeletion,
): EventChange {
  const content = {
    before,
    after,
    ...(deletion && {
      deletion: {
        ...deletion,
        replacementRole: referenceTo(deletion.replacementRole),
        environmentDefaultRole: referenceTo(deletion.environmentDefaultRole),
      },
    }),
  };
  return { type: `role.${verbOf(content)}`, subject: "role", content };
}

export function permissionChange(
  before: PermissionView | undefined,
  after: PermissionView | undefined,
  affectedRoleCount = 0,
): EventChange {
  const content = { before, after, affectedRoleCount };
  return { type: `permission.${verbOf(content)}`, subject: "permission", content };
}

export function environmentChange(
  before: EnvironmentView | undefined,
  after: EnvironmentView | undefined,
  deletedOrganizationCount = 0,
): EventChange {
  const content = { before, after, deletedOrganizationCount };
  return { type: `environment.${verbOf(content)}`, subject: "environment", content };
}

export function membershipChange(
  before: IdentifiedMembership | undefined,
  after: IdentifiedMembership | undefined,
): EventChange {
  const content = {
    before: before?.view,
    after: after?.view,
    beforeRoleIds: before?.roleIds,
    roleIds: after?.roleIds,
  };
  return { type: `membership.${verbOf(content)}`, subject: "membership", content };
}

export function groupRoleChange(
  before: IdentifiedGroupRole | undefined,
  after: IdentifiedGroupRole | undefined,
): EventChange {
  const content = {
    before: before?.view,
    after: after?.view,
    beforeRoleId: before?.roleId,
    roleId: after?.roleId,
  };
  return { type: `group_role.${verbOf(content)}`, subject: "group_role", content };
}

export function roleConfigChange(
  verb: "updated" | "reset",
  digest: Digest,
  before: EffectiveRoles | undefined,
  after: EffectiveRoles,
): EventChange {
  const content = {
    before: before && viewConfig(digest, before),
    after: viewConfig(digest, after),
    beforeRoleIds: before && idsOf(before.roles),
    roleIds: idsOf(after.roles),
  };
  return { type: `role_config.${verb}`, subject: "role_config", content };
}

export function organizationDataDeleted(content: Contents["organization"]): EventChange {
  return { type: "organization.data_deleted", subject: "organization", content };
}
