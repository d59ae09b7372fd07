import type { RoleId } from "../../domain/ids";
import { firstRevision } from "../../domain/revision";
import { type Role, environmentOwner } from "../../domain/role";
import type { Slug } from "../../domain/slug";
import type { Description, Name } from "../../domain/values";

/** The role that every environment begins with, its default. */
export const firstRole = { slug: "member", name: "Member", description: "" } as const;

export function createFirstRole(id: RoleId, time: number): Role {
  return {
    id,
    organizationId: environmentOwner,
    slug: firstRole.slug as string as Slug,
    name: firstRole.name as string as Name,
    description: firstRole.description as string as Description,
    createdRevision: firstRevision,
    createTime: time,
    updateTime: time,
  };
}
