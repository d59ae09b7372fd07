import type { CheckView } from "../../domain/access-check";
import type { Refusal } from "../../domain/errors";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { parseEnvironmentId } from "../request/scope";
import { type Check, type CheckPermission, checkInSnapshot, parseCheck } from "./check-permission";

export interface BatchCheckPermissions {
  readonly environmentId: string;
  readonly checks: readonly Omit<CheckPermission, "environmentId">[];
}

/** Returns a result for each check, in their order: an invalid check has a refusal, the others are done. */
export async function batchCheckPermissions(
  dependencies: Dependencies,
  request: BatchCheckPermissions,
): Promise<(CheckView | Refusal)[]> {
  const fields = new Fields();
  const { environmentId, checks } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    checks: fields.batch("checks", request.checks),
  });

  const parsed = await mapInSlices(checks, (one): Check | Refusal => {
    const own = new Fields();
    const outcome = own.outcome({ check: parseCheck(own, one) });
    return outcome instanceof Error ? outcome : outcome.check;
  });
  const valid = parsed.filter((one): one is Check => !(one instanceof Error));
  const snapshot = await dependencies.snapshots.read(environmentId, valid);
  return mapInSlices(parsed, (one) => (one instanceof Error ? one : checkInSnapshot(snapshot, one)));
}
