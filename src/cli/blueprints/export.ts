import type { Writable } from "node:stream";
import type { BlueprintService } from "../../application/blueprints/blueprint-service";
import { Fault } from "../../domain/fault";
import type { EnvironmentId, OrganizationId } from "../../domain/values";
import { writeText } from "../output";
import { write } from "./write";

export interface ExportOptions {
  readonly members: boolean;
  /** The only organizations to export. Each of them must have data. */
  readonly only: readonly string[] | undefined;
}

/**
 * Writes an environment as YAML: one document for the environment, and one or more for each of its organizations. Stops
 * early if the output fails; the output then emits an error event.
 */
export async function exportBlueprints(
  blueprints: BlueprintService,
  environmentId: string,
  { members, only }: ExportOptions,
  output: Writable,
): Promise<void> {
  const id = environmentId as EnvironmentId;
  const options = { members, only: only as readonly OrganizationId[] | undefined };
  const [unknown] = await blueprints.organizationsWithoutData(id, options.only ?? []);
  if (unknown !== undefined)
    throw new Fault(`Environment "${environmentId}" has no data of organization "${unknown}"; nothing was written.`);
  for await (const blueprint of blueprints.read(id, options))
    if (!(await writeText(output, write(environmentId, blueprint)))) return;
}
