import type { Writable } from "node:stream";
import type { BlueprintService } from "../../application/blueprints/blueprint-service";
import { Fault } from "../../domain/fault";
import type { EnvironmentId, OrganizationId } from "../../domain/values";
import { write } from "./write";

export interface ExportOptions {
  readonly members: boolean;
  /** Only these organizations, each of which must have data. */
  readonly only: readonly string[] | undefined;
}

/**
 * Writes what an environment contains as YAML: a document for it, and one or more for each of its organizations. Ends
 * early when the output fails, which the output reports by its event.
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
    throw new Fault(`The environment ${environmentId} has no data of an organization ${unknown}; nothing was written.`);
  for await (const blueprint of blueprints.read(id, options))
    if (!(await written(output, write(environmentId, blueprint)))) return;
}

/** Returns whether the text was written. */
const written = (output: Writable, text: string): Promise<boolean> =>
  new Promise((resolve) => output.write(text, (error) => resolve(!error)));
