import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Fault } from "../../domain/fault";
import { describeFileFault, showPath } from "../../display/shown-text";

/** A sentence about the file as a whole. */
export class Unreadable extends Fault {}

/**
 * A file that is read twice, to compare and to apply. It may change between both, and a pipe can be read only once:
 * the second reading therefore returns a copy of the first.
 */
export class Source {
  /** How people call it. */
  readonly name: string;
  private copy: FileHandle | undefined;

  /** `-` is standard input. */
  constructor(private readonly file: string) {
    this.name = file === "-" ? "standard input" : showPath(file);
  }

  /** Reads the file. With `keep` it can be read again. */
  async *read({ keep }: { readonly keep: boolean }): AsyncGenerator<Buffer> {
    if (keep) this.copy = await openUnnamed();
    for await (const chunk of this.original()) {
      await this.copy?.appendFile(chunk);
      yield chunk;
    }
  }

  /** Reads what the first reading returned. */
  readAgain(): AsyncIterable<Buffer> {
    if (!this.copy) throw new Error("the first reading was not kept");
    return this.copy.createReadStream({ start: 0, autoClose: false });
  }

  async close(): Promise<void> {
    await this.copy?.close();
  }

  private async *original(): AsyncGenerator<Buffer> {
    try {
      yield* this.file === "-" ? process.stdin : createReadStream(this.file);
    } catch (error) {
      throw new Unreadable(
        this.file === "-"
          ? "Standard input cannot be read"
          : `The file of blueprints: ${describeFileFault(this.file, error)}`,
      );
    }
  }
}

/** Opens a file that nobody else can open, and that is gone however this process ends. */
async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(path.join(tmpdir(), "orgroles-"));
  try {
    return await open(path.join(folder, "copy"), "wx+", 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
