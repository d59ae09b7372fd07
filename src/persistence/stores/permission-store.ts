import type { PermissionStore } from "../../application/ports/permission-store";
import type { Walk } from "../../application/ports/walk";
import type { EnvironmentUid, PermissionId } from "../../domain/ids";
import type { Permission } from "../../domain/permission";
import type { PermissionSlug } from "../../domain/values";
import { orKeyTaken } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import { deletionMarkerTable } from "../entities/housekeeping";
import { permissionTable } from "../entities/permission";
import { placeholders } from "./conditions";

const selection = permissionTable.selection(["environmentUid"]);
const inEnvironment = "permissions WHERE environment_uid = ? AND ";

export class TypeormPermissionStore implements PermissionStore {
  constructor(private readonly session: Session) {}

  private get rows() {
    return this.session.table("permissions");
  }

  async find(environmentUid: EnvironmentUid, slug: PermissionSlug): Promise<Permission | undefined> {
    return (await this.session.select(selection, `${inEnvironment}slug = ?`, [environmentUid, slug]))[0];
  }

  async list(environmentUid: EnvironmentUid, after: string, limit: number): Promise<Permission[]> {
    return this.session.select(selection, `${inEnvironment}slug > ? ORDER BY slug LIMIT ${limit}`, [
      environmentUid,
      after,
    ]);
  }

  async listById(environmentUid: EnvironmentUid, { beyond, isBackwards, limit }: Walk<string>): Promise<Permission[]> {
    const bound = beyond === undefined ? "" : ` AND id ${isBackwards ? "<" : ">"} ?`;
    return this.session.select(
      selection,
      `permissions${this.session.dialect.byPrimaryKey} WHERE environment_uid = ?${bound}` +
        ` ORDER BY id${isBackwards ? " DESC" : ""} LIMIT ${limit}`,
      beyond === undefined ? [environmentUid] : [environmentUid, beyond],
    );
  }

  count(environmentUid: EnvironmentUid): Promise<number> {
    return this.rows.countBy({ environmentUid });
  }

  async idsOf(
    environmentUid: EnvironmentUid,
    slugs: readonly PermissionSlug[],
  ): Promise<Map<PermissionSlug, PermissionId>> {
    if (!slugs.length) return new Map();
    const rows: { id: PermissionId; slug: PermissionSlug }[] = await this.session.query(
      `SELECT id, slug FROM permissions WHERE environment_uid = ? AND slug IN (${placeholders(slugs)})`,
      [environmentUid, ...slugs],
    );
    return new Map(rows.map(({ slug, id }) => [slug, id]));
  }

  async slugs(environmentUid: EnvironmentUid): Promise<Map<PermissionId, PermissionSlug>> {
    const rows: { id: PermissionId; slug: PermissionSlug }[] = await this.session.query(
      "SELECT id, slug FROM permissions WHERE environment_uid = ?",
      [environmentUid],
    );
    return new Map(rows.map(({ id, slug }) => [id, slug]));
  }

  countRoles(environmentUid: EnvironmentUid, permissionId: PermissionId): Promise<number> {
    return this.session.table("role_permissions").countBy({ environmentUid, permissionId });
  }

  async insert(environmentUid: EnvironmentUid, permission: Permission): Promise<void> {
    await orKeyTaken("permission_slug", this.session.insert(permissionTable, [{ environmentUid, ...permission }]));
  }

  async update(
    environmentUid: EnvironmentUid,
    id: PermissionId,
    changes: Partial<Pick<Permission, "name" | "description" | "updateTime">>,
  ): Promise<void> {
    await this.rows.update({ environmentUid, id }, changes);
  }

  async remove(environmentUid: EnvironmentUid, id: PermissionId, time: number): Promise<void> {
    await this.rows.delete({ environmentUid, id });
    await this.session.insert(deletionMarkerTable, [
      { kind: "permission", environmentUid, subjectId: id, deleteTime: time },
    ]);
  }
}
