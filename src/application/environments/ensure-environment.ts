import { Refusal } from "../../domain/errors";
import type { Dependencies } from "../dependencies";
import { ownCall } from "../request/idempotency";
import { createEnvironment } from "./create-environment";
import { getEnvironment } from "./get-environment";

/** Creates an environment if it does not exist. Writes nothing if it does, because that may not be allowed. */
export async function ensureEnvironment(dependencies: Dependencies, environmentId: string): Promise<void> {
  try {
    await getEnvironment(dependencies, { environmentId });
    return;
  } catch (error) {
    if (!(error instanceof Refusal && error.reason === "ENVIRONMENT_NOT_FOUND")) throw error;
  }
  try {
    await createEnvironment(dependencies, { environmentId, displayName: "" }, ownCall);
  } catch (error) {
    if (!(error instanceof Refusal && error.reason === "ENVIRONMENT_EXISTS")) throw error;
  }
}
