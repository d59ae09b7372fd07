import { once } from "node:events";
import type { Writable } from "node:stream";
import type { BlueprintService } from "../domain/blueprint-service";
import type { EnvironmentId, OrganizationId } from "../domain/fields";
import { write } from "./documents";

/** Writes what an environment holds as YAML, a document each for it and for its organizations. */
export async function exportBlueprints(
  blueprints: BlueprintService,
  environmentId: string,
  { members, only }: { readonly members: boolean; readonly only: readonly string[] | undefined },
  output: Writable,
): Promise<void> {
  const options = { members, only: only as readonly OrganizationId[] | undefined };
  for await (const blueprint of blueprints.read(environmentId as EnvironmentId, options))
    if (!output.write(write(environmentId, blueprint))) await once(output, "drain");
}
