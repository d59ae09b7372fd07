import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Role } from "../../gen/orgroles/v1/role";
import { ListOrgRolesResponse, RoleServiceService, SetPriorityResponse } from "../../gen/orgroles/v1/role_service";
import type { CallSignal } from "../application/ports/cancellation";
import type { RolePage } from "../application/roles/role-list";
import type { UseCases } from "../application/use-cases";
import type { RoleView } from "../domain/role";
import { mapInSlices } from "../event-loop/time-slices";
import { encodeRole, encodeRoleConfig } from "./encode";
import type { Encoded } from "./encoded";
import type { Handlers } from "./service";

/** The tag of `roles`, field 1 of every response that lists roles. Each role is this tag, a length, and bytes. */
const roleTag = (1 << 3) | 2;

/** Encodes a response of many roles, in slices, before the fields that follow them. Throws once the caller has cancelled. */
async function encodeRoles(
  roles: readonly RoleView[],
  encodeRest: (writer: BinaryWriter) => void,
  signal?: CallSignal,
): Promise<Encoded> {
  const writer = new BinaryWriter();
  const encoded = await mapInSlices(roles, (role) => Role.encode(encodeRole(role)).finish(), signal);
  for (const role of encoded) writer.uint32(roleTag).bytes(role);
  encodeRest(writer);
  return Buffer.from(writer.finish());
}

const encodedPages = new WeakMap<RolePage, Encoded>();

/** Encodes each page once. The responses of ListEnvironmentRoles and ListOrgRoles have the same fields, as a test checks. */
function encodePage(page: RolePage, signal: CallSignal): Encoded | Promise<Encoded> {
  const known = encodedPages.get(page);
  if (known) return known;
  const { items, nextPageToken, config } = page;
  const rest = { roles: [], nextPageToken, config: encodeRoleConfig(config) };
  return encodeRoles(items, (writer) => ListOrgRolesResponse.encode(rest, writer), signal).then((encoded) => {
    encodedPages.set(page, encoded);
    return encoded;
  });
}

export function roleHandlers(roles: UseCases["roles"]): Handlers<typeof RoleServiceService> {
  return {
    createRole: async (request, call) => ({ role: encodeRole(await roles.createRole(request, call)) }),
    getRole: async (request) => ({ role: encodeRole(await roles.getRole(request)) }),
    listEnvironmentRoles: async (request, call) =>
      encodePage(await roles.listEnvironmentRoles(request, call), call.signal),
    listOrgRoles: async (request, call) => encodePage(await roles.listOrgRoles(request, call), call.signal),
    updateRole: async (request, call) => ({ role: encodeRole(await roles.updateRole(request, call)) }),
    addRolePermissions: async (request, call) => ({
      role: encodeRole(await roles.addRolePermissions(request, call)),
    }),
    removeRolePermissions: async (request, call) => ({
      role: encodeRole(await roles.removeRolePermissions(request, call)),
    }),
    setPriority: async (request, call) => {
      const { roles: reordered, config } = await roles.setPriority(request, call);
      const rest = { roles: [], config: encodeRoleConfig(config) };
      return encodeRoles(reordered, (writer) => SetPriorityResponse.encode(rest, writer));
    },
    setDefaultRole: async (request, call) => ({
      config: encodeRoleConfig(await roles.setDefaultRole(request, call)),
    }),
    resetOrgRoleConfig: async (request, call) => ({
      config: encodeRoleConfig(await roles.resetOrgRoleConfig(request, call)),
    }),
    deleteEnvironmentRole: (request, call) => roles.deleteEnvironmentRole(request, call),
    deleteOrgRole: (request, call) => roles.deleteOrgRole(request, call),
    suggestSlug: async (request, call) => ({ slug: await roles.suggestSlug(request, call) }),
  };
}
