import type { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import type { AccessService } from "../domain/access-service";
import { encodeAccess, encodeCheck, encodeCheckResult } from "./codec";
import type { Handlers } from "./unary";

export function accessHandlers(access: AccessService): Handlers<typeof AccessServiceService> {
  return {
    getAccess: async (request) => encodeAccess(await access.getAccess(request)),
    checkPermission: async (request) => encodeCheck(await access.checkPermission(request)),
    batchCheckPermissions: async (request) => ({
      results: (await access.batchCheckPermissions(request)).map(encodeCheckResult),
    }),
  };
}
