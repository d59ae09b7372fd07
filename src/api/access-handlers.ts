import { BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  type AccessServiceService,
  CheckPermissionResponse,
  GetAccessResponse,
  PermissionCheckResult,
} from "../../gen/orgroles/v1/access_service";
import type { AccessView, CheckView } from "../domain/access-check";
import type { UseCases } from "../application/use-cases";
import type { Refusal } from "../domain/errors";
import { limits } from "../domain/limits";
import { mapInSlices } from "../event-loop/time-slices";
import { memoizeEncoding } from "./encoded";
import { statusOf } from "../calls/status";
import type { Handlers } from "./service";

const encodeAccess = memoizeEncoding(({ role, roles, permissions }: AccessView) =>
  GetAccessResponse.encode({ role, roles: [...roles], permissions: [...permissions] }).finish(),
);

/** Encodes a response of CheckPermission. A result of a batch has the same fields: a test compares the two messages. */
const encodeCheck = memoizeEncoding(({ allowed, grantedBy, nearestRoles, reason }: CheckView) =>
  CheckPermissionResponse.encode({
    allowed,
    grantedBy: [...grantedBy],
    nearestRoles: [...nearestRoles],
    reason,
  }).finish(),
);

/** Encodes a refusal as a result of a batch. */
const encodeRefusal = (refusal: Refusal) =>
  PermissionCheckResult.encode(PermissionCheckResult.fromPartial({ error: statusOf(refusal) })).finish();

/** The tag of `results`, field 1 of the response. Each result is this tag, a length, and bytes. */
const resultTag = (1 << 3) | 2;

async function encodeBatch(results: readonly (CheckView | Refusal)[]): Promise<Buffer> {
  const writer = new BinaryWriter();
  const encoded = await mapInSlices(results, (result) =>
    "allowed" in result ? encodeCheck(shortened(result)) : encodeRefusal(result),
  );
  for (const result of encoded) writer.uint32(resultTag).bytes(result);
  return Buffer.from(writer.finish());
}

/** Cuts the list of granting roles, so that a thousand results of the longest slugs fit the 4 MiB that clients accept. */
function shortened(result: CheckView): CheckView {
  const { grantedBy } = result;
  return grantedBy.length > limits.grantedByInBatch
    ? { ...result, grantedBy: grantedBy.slice(0, limits.grantedByInBatch) }
    : result;
}

export function accessHandlers(access: UseCases["access"]): Handlers<typeof AccessServiceService> {
  return {
    getAccess: async (request) => encodeAccess(await access.getAccess(request)),
    checkPermission: async (request) => encodeCheck(await access.checkPermission(request)),
    batchCheckPermissions: async (request) => encodeBatch(await access.batchCheckPermissions(request)),
    getCaller: async (request, call) => {
      const { environmentIds, organizationIds, ...caller } = await access.getCaller(request, call);
      return {
        ...caller,
        environmentIds: [...environmentIds],
        organizationIds: [...organizationIds],
      };
    },
  };
}
