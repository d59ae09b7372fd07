import { type Blueprint, type EnvironmentBlueprint, BlueprintRefusal } from "../../application/blueprints/blueprint";
import type { BlueprintService } from "../../application/blueprints/blueprint-service";
import type { Change } from "../../application/blueprints/change";
import type { Expected } from "../../application/blueprints/compare-blueprint";
import { applyCall, applyCallFor } from "../../application/request/idempotency";
import { Refusal } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import { type EnvironmentId, type UserId, parseId } from "../../domain/values";
import { type Document, readDocuments } from "./documents";
import { type Source, UnreadableFile } from "./source";
import { Tally } from "./tally";

export interface ApplyOptions {
  /** The environment to change. If it is undefined, the file names it. */
  readonly environment: string | undefined;
  readonly prune: boolean;
  /** The user for whom the changes are made. */
  readonly actingUserId?: UserId | undefined;
}

export interface Plan {
  /** The number of blueprints in the file. */
  readonly blueprints: number;
  readonly changes: Tally;
}

export interface Show {
  /** Called once, before the first change. */
  readonly target: (environmentId: string) => void;
  /** Called once for each document that changes something. */
  readonly document: (place: string) => void;
  readonly changes: (changes: readonly Change[]) => void;
}

interface LocatedBlueprint {
  readonly document: Document;
  readonly environmentId: EnvironmentId;
  readonly blueprint: Blueprint;
  readonly expected: Expected;
}

/** A file of blueprints. It is read twice, to compare and to apply, one document at a time. */
export class BlueprintFile {
  constructor(
    private readonly source: Source,
    private readonly blueprints: BlueprintService,
    private readonly options: ApplyOptions,
  ) {}

  /** Shows the changes that `apply` would make, document by document. `apply` requires `keep`. */
  async compare(show: Show, { keep }: { readonly keep: boolean }): Promise<Plan> {
    const { prune } = this.options;
    let blueprints = 0;
    let shown: Document | undefined;
    const tally = new Tally();
    for await (const located of this.locateBlueprints(this.source.read({ keep }))) {
      const { document, environmentId, blueprint, expected } = located;
      if (!blueprints) show.target(environmentId);
      blueprints += 1;
      const changes = await this.explain(document, () =>
        this.blueprints.compare(environmentId, blueprint, { prune, expected }),
      );
      tally.add(changes);
      if (changes.length && document !== shown) show.document(`${this.source.name}, ${document.place}`);
      if (changes.length) shown = document;
      show.changes(changes);
    }
    return { blueprints, changes: tally };
  }

  /** Applies one blueprint after the other, each as a whole or not at all, and reports their number so far. */
  async apply(onProgress: (count: number) => void): Promise<Tally> {
    const { prune, actingUserId } = this.options;
    const call = actingUserId === undefined ? applyCall : applyCallFor(actingUserId);
    let count = 0;
    const tally = new Tally();
    for await (const { document, environmentId, blueprint } of this.locateBlueprints(this.source.readAgain())) {
      tally.add(
        await this.explain(
          document,
          () => this.blueprints.apply(environmentId, blueprint, { prune, call }),
          "this document was not applied, but the documents before it were",
        ),
      );
      onProgress((count += 1));
    }
    return tally;
  }

  private async explain<T>({ place, line, lineOf }: Document, work: () => Promise<T>, consequence = ""): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const at = error instanceof BlueprintRefusal ? lineOf(error.path) : line;
      const where = `${this.source.name}, ${place}, line ${at}`;
      if (error instanceof Refusal)
        throw new Fault(`${where}: ${error.message} (${error.reason})${consequence && `; ${consequence}.`}`, {
          cause: error.cause,
        });
      throw new Fault(`${where}${consequence && `: ${consequence}`}`, { cause: error });
    }
  }

  private async *locateBlueprints(chunks: AsyncIterable<Buffer>): AsyncGenerator<LocatedBlueprint> {
    let environmentId = this.options.environment;
    const parsed = parseId(environmentId ?? "any");
    if ("rule" in parsed) throw new Fault(`--environment ${parsed.rule}`);
    let environment: EnvironmentBlueprint | undefined;
    const roles = new Map<string, readonly string[]>();
    let documents = 0;
    let environments = 0;
    for await (const document of this.documents(chunks)) {
      const place = `${this.source.name}, ${document.place}, line ${document.line}`;
      documents += 1;
      if (document.environmentId !== undefined) {
        environments += 1;
        if (environments > 1) throw new Fault(`${place}: a file may contain only one environment`);
        environmentId ??= document.environmentId;
      }
      if (environmentId === undefined)
        throw new Fault(
          `${place}: the environment is missing; begin the file with the document of an environment, or set --environment.`,
        );
      for (const blueprint of document.blueprints) {
        if (blueprint.kind === "environment") environment = blueprint;
        else if (blueprint.kind === "organization" && blueprint.roles?.length) {
          const before = roles.get(blueprint.organizationId) ?? [];
          roles.set(blueprint.organizationId, [...before, ...blueprint.roles.map(({ slug }) => slug)]);
        }
        const own = blueprint.kind === "environment" ? [] : (roles.get(blueprint.organizationId) ?? []);
        const expected = { environment, roles: own };
        yield { document, environmentId: environmentId as EnvironmentId, blueprint, expected };
      }
    }
    if (!documents) throw new Fault(`${this.source.name} contains no document; there is nothing to apply`);
  }

  private async *documents(chunks: AsyncIterable<Buffer>): AsyncGenerator<Document> {
    try {
      yield* readDocuments(chunks);
    } catch (error) {
      if (error instanceof UnreadableFile) throw error;
      if (error instanceof Fault) throw new Fault(`${this.source.name}, ${error.message}`);
      throw new Fault(`${this.source.name} cannot be read`, { cause: error });
    }
  }
}
