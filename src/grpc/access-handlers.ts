import { BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  type AccessServiceService,
  CheckPermissionResponse,
  GetAccessResponse,
  PermissionCheckResult,
} from "../../gen/orgroles/v1/access_service";
import type { AccessView, CheckView } from "../domain/access";
import type { AccessService } from "../domain/access-service";
import type { Refusal } from "../domain/errors";
import { encodedOnce } from "./encoded";
import { detailedStatus } from "./status";
import type { Handlers } from "./unary";

const encodeAccess = encodedOnce(({ role, roles, permissions }: AccessView) =>
  GetAccessResponse.encode({ role, roles: [...roles], permissions: [...permissions] }).finish(),
);

/** As CheckPermission answers it; a result of a batch has the same fields. */
const encodeCheck = encodedOnce(({ allowed, grantedBy, nearestRoles, reason }: CheckView) =>
  CheckPermissionResponse.encode({
    allowed,
    grantedBy: [...grantedBy],
    nearestRoles: [...nearestRoles],
    reason,
  }).finish(),
);

/** As a result of a batch only. */
const encodeRefusal = (refusal: Refusal) =>
  PermissionCheckResult.encode(PermissionCheckResult.fromPartial({ error: detailedStatus(refusal) })).finish();

/** `results` is field 1 of the response: each of them is a tag, a length, and bytes. */
const resultTag = (1 << 3) | 2;

function encodeBatch(results: readonly (CheckView | Refusal)[]): Buffer {
  const writer = new BinaryWriter();
  for (const result of results)
    writer.uint32(resultTag).bytes("allowed" in result ? encodeCheck(result) : encodeRefusal(result));
  return Buffer.from(writer.finish());
}

export function accessHandlers(access: AccessService): Handlers<typeof AccessServiceService> {
  return {
    getAccess: async (request) => encodeAccess(await access.getAccess(request)),
    checkPermission: async (request) => encodeCheck(await access.checkPermission(request)),
    batchCheckPermissions: async (request) => encodeBatch(await access.batchCheckPermissions(request)),
  };
}
