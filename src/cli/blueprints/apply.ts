import { type Blueprint, type EnvironmentBlueprint, BlueprintRefusal } from "../../application/blueprints/blueprint";
import type { BlueprintService } from "../../application/blueprints/blueprint-service";
import type { Change } from "../../application/blueprints/change";
import type { Expected } from "../../application/blueprints/compare-blueprint";
import { Refusal } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import { type EnvironmentId, parseId } from "../../domain/values";
import { type Document, read } from "./documents";
import { type Source, Unreadable } from "./source";
import { Tally } from "./tally";

export interface ApplyOptions {
  /** The environment to apply to; else the one that the file names. */
  readonly environment: string | undefined;
  readonly prune: boolean;
}

export interface Plan {
  /** How many blueprints the file has. */
  readonly blueprints: number;
  readonly changes: Tally;
}

export interface Show {
  /** Is called once, before any change is shown. */
  readonly target: (environmentId: string) => void;
  /** Is called once for each document that changes something. */
  readonly document: (place: string) => void;
  readonly changes: (changes: readonly Change[]) => void;
}

interface Located {
  readonly document: Document;
  readonly environmentId: EnvironmentId;
  readonly blueprint: Blueprint;
  readonly expected: Expected;
}

/** A file of blueprints, which is read once to compare and once to apply, a document at a time. */
export class BlueprintFile {
  constructor(
    private readonly source: Source,
    private readonly blueprints: BlueprintService,
    private readonly options: ApplyOptions,
  ) {}

  /** Shows what applying would change, document by document. With `keep` the file can be applied afterwards. */
  async compare(show: Show, { keep }: { readonly keep: boolean }): Promise<Plan> {
    const { prune } = this.options;
    let blueprints = 0;
    let shown: Document | undefined;
    const tally = new Tally();
    for await (const located of this.located(this.source.read({ keep }))) {
      const { document, environmentId, blueprint, expected } = located;
      if (!blueprints) show.target(environmentId);
      blueprints += 1;
      const changes = await this.explained(document, () =>
        this.blueprints.compare(environmentId, blueprint, { prune, expected }),
      );
      tally.add(changes);
      if (changes.length && document !== shown) show.document(`${this.source.name}, ${document.place}`);
      if (changes.length) shown = document;
      show.changes(changes);
    }
    return { blueprints, changes: tally };
  }

  /** Applies one blueprint after the other, each as a whole or not at all, and reports how many have been. */
  async apply(applied: (count: number) => void): Promise<Tally> {
    const { prune } = this.options;
    let count = 0;
    const tally = new Tally();
    for await (const { document, environmentId, blueprint } of this.located(this.source.readAgain())) {
      tally.add(
        await this.explained(
          document,
          () => this.blueprints.apply(environmentId, blueprint, { prune }),
          "nothing of this document was applied, what came before it was",
        ),
      );
      applied((count += 1));
    }
    return tally;
  }

  private async explained<T>({ place, line, lineOf }: Document, work: () => Promise<T>, consequence = ""): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const at = error instanceof BlueprintRefusal ? lineOf(error.path) : line;
      const where = `${this.source.name}, ${place}, line ${at}`;
      if (error instanceof Refusal)
        throw new Fault(`${where}: ${error.message} (${error.reason})${consequence && `; ${consequence}.`}`, {
          cause: error.cause,
        });
      throw new Fault(`${where}${consequence && `, ${consequence}`}`, { cause: error });
    }
  }

  private async *located(chunks: AsyncIterable<Buffer>): AsyncGenerator<Located> {
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
        if (environments > 1) throw new Fault(`${place}: a file has one environment`);
        environmentId ??= document.environmentId;
      }
      if (environmentId === undefined)
        throw new Fault(`${place}: which environment? Begin the file with its document, or give --environment.`);
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
    if (!documents) throw new Fault(`${this.source.name} contains no document: there is nothing to apply`);
  }

  private async *documents(chunks: AsyncIterable<Buffer>): AsyncGenerator<Document> {
    try {
      yield* read(chunks);
    } catch (error) {
      if (error instanceof Unreadable) throw error;
      if (error instanceof Fault) throw new Fault(`${this.source.name}, ${error.message}`);
      throw new Fault(`${this.source.name} cannot be read`, { cause: error });
    }
  }
}
