import { z } from "zod";
import type { UseCases } from "../application/use-cases";
import { type Endpoint, type Input, endpoint } from "./endpoint";
import { pageFields, toPage } from "./parse";
import { readChanges, readNewPermission } from "./role-bodies";
import { pageBody, permissionBody } from "./views";

const base = "/authorization/permissions";
const list = z.strictObject(pageFields);
const isPermissionId = (id: string) => /^perm_[0-9A-Z]{26}$/.test(id);

const keyOf = (input: Input) => ({
  environmentId: input.environmentId,
  slug: input.part("slug"),
  requestId: input.requestId,
});

export function permissionEndpoints(permissions: UseCases["permissions"]): readonly Endpoint[] {
  return [
    endpoint({
      name: "ListPermissions",
      at: `GET ${base}`,
      action: "read",
      reach: "environment",
      read: (input) => ({
        environmentId: input.environmentId,
        page: toPage(input.query(list), (id) => (isPermissionId(id) ? id : undefined)),
      }),
      handle: async (request, call) => pageBody(await permissions.pagePermissions(request, call), permissionBody),
    }),
    endpoint({
      name: "CreatePermission",
      at: `POST ${base}`,
      action: "write",
      status: 201,
      read: (input) => ({ environmentId: input.environmentId, ...readNewPermission(input) }),
      handle: async (request, call) => permissionBody(await permissions.createPermission(request, call)),
    }),
    endpoint({
      name: "GetPermission",
      at: `GET ${base}/{slug}`,
      action: "read",
      reach: "environment",
      read: keyOf,
      handle: async (request, call) => permissionBody(await permissions.getPermission(request, call)),
    }),
    endpoint({
      name: "UpdatePermission",
      at: `PATCH ${base}/{slug}`,
      action: "write",
      read: (input) => {
        const { values, updateMask } = readChanges(input);
        return { ...keyOf(input), permission: values, updateMask };
      },
      handle: async (request, call) =>
        permissionBody(
          request.updateMask.length
            ? await permissions.updatePermission(request, call)
            : await permissions.getPermission(request, call),
        ),
    }),
    endpoint({
      name: "DeletePermission",
      at: `DELETE ${base}/{slug}`,
      action: "write",
      status: 204,
      read: keyOf,
      handle: (request, call) => permissions.deletePermission(request, call),
    }),
  ];
}
