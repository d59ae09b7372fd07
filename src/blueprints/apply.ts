import { open } from "node:fs/promises";
import type { Blueprint, EnvironmentBlueprint, OrganizationBlueprint } from "../domain/blueprint";
import type { Change } from "../domain/blueprint-changes";
import type { BlueprintService } from "../domain/blueprint-service";
import { Refusal } from "../domain/errors";
import { Fault } from "../domain/fault";
import type { EnvironmentId } from "../domain/fields";
import { describeFileFault } from "../domain/shown-text";
import { type Document, read } from "./documents";

export interface ApplyOptions {
  /** The environment to apply to; else the one that the file names. */
  readonly environment: string | undefined;
  readonly prune: boolean;
}

export interface Plan {
  /** How many blueprints the file has, and how many of them change something. */
  readonly blueprints: number;
  readonly changing: number;
}

interface Located {
  readonly place: string;
  readonly environmentId: EnvironmentId;
  readonly blueprint: Blueprint;
  /** What the file has before it, as far as it matters to it. */
  readonly expected: readonly (EnvironmentBlueprint | OrganizationBlueprint)[];
}

/** A file of blueprints, which is read once to compare and once to apply, a document at a time. */
export class BlueprintFile {
  constructor(
    private readonly file: string,
    /** What people call it. */
    private readonly name: string,
    private readonly blueprints: BlueprintService,
    private readonly options: ApplyOptions,
  ) {}

  /** Tells what applying would change, document by document. */
  async compare(show: (place: string, changes: readonly Change[]) => void): Promise<Plan> {
    let blueprints = 0;
    let changing = 0;
    for await (const { place, environmentId, blueprint, expected } of this.located()) {
      const { prune } = this.options;
      const changes = await this.explained(place, () =>
        this.blueprints.compare(environmentId, blueprint, { prune, expected }),
      );
      blueprints += 1;
      if (!changes.length) continue;
      changing += 1;
      show(place, changes);
    }
    return { blueprints, changing };
  }

  /** Applies one blueprint after the other, each as a whole or not at all, and tells how many have been. */
  async apply(applied: (count: number) => void): Promise<void> {
    let count = 0;
    for await (const { place, environmentId, blueprint } of this.located()) {
      await this.explained(
        place,
        () => this.blueprints.apply(environmentId, blueprint, { prune: this.options.prune }),
        "\nNothing of this document was applied, what came before it was.",
      );
      applied((count += 1));
    }
  }

  private async explained<T>(place: string, work: () => Promise<T>, consequence = ""): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refusal)
        throw new Fault(`${place}: ${error.message} (${error.reason})${consequence}`, { cause: error.cause });
      throw new Fault(`${place}${consequence}`, { cause: error });
    }
  }

  private async *located(): AsyncGenerator<Located> {
    let environmentId = this.options.environment;
    const expected = new Map<Blueprint["kind"], EnvironmentBlueprint | OrganizationBlueprint>();
    let environments = 0;
    for await (const document of this.documents()) {
      if (document.environmentId !== undefined) {
        environments += 1;
        if (environments > 1) throw new Fault(`${this.name}, ${document.place}: a file has one environment`);
        environmentId ??= document.environmentId;
      }
      const place = `${this.name}, ${document.place}`;
      if (environmentId === undefined)
        throw new Fault(`${place}: which environment? Begin the file with its document, or give --environment.`);
      for (const blueprint of document.blueprints) {
        if (blueprint.kind !== "members") expected.set(blueprint.kind, blueprint);
        yield { place, environmentId: environmentId as EnvironmentId, blueprint, expected: [...expected.values()] };
      }
    }
  }

  private async *documents(): AsyncGenerator<Document> {
    const file = await open(this.file).catch((error: unknown) => {
      throw this.unreadable(error);
    });
    try {
      yield* read(file.readLines());
    } catch (error) {
      if (error instanceof Fault) throw new Fault(`${this.name}, ${error.message}`);
      if ((error as NodeJS.ErrnoException).syscall) throw this.unreadable(error);
      throw new Fault(`${this.name} cannot be read`, { cause: error });
    }
  }

  private unreadable(error: unknown): Fault {
    return new Fault(`The file of blueprints: ${describeFileFault(this.file, error)}`);
  }
}

/** How people read a change. */
export function line({ sign, subject, details }: Change): string {
  return `  ${sign} ${subject}${details.length ? `: ${details.join(", ")}` : ""}`;
}
