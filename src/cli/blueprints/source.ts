import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Fault } from "../../domain/fault";
import { describeFileFault, showPath } from "../../display/shown-text";

/** Reports that a file cannot be read. */
export class UnreadableFile extends Fault {}

/**
 * A file that is read twice, to compare and to apply. It may change between the two readings, and a pipe can be read only
 * once. The second reading therefore returns a copy of the first.
 */
export class Source {
  /** The name of the file for people. */
  readonly name: string;
  private copy: FileHandle | undefined;

  /** `-` means standard input. */
  constructor(private readonly file: string) {
    this.name = file === "-" ? "standard input" : showPath(file);
  }

  /** Reads the file. `readAgain` requires `keep`. */
  async *read({ keep }: { readonly keep: boolean }): AsyncGenerator<Buffer> {
    if (keep) this.copy = await openUnnamed();
    for await (const chunk of this.original()) {
      await this.copy?.appendFile(chunk);
      yield chunk;
    }
  }

  /** Reads the copy that `read` kept. */
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
      throw new UnreadableFile(
        this.file === "-" ? "Standard input cannot be read" : `Blueprint file: ${describeFileFault(this.file, error)}`,
      );
    }
  }
}

/** Opens a file that no other process can open and that disappears when this process ends. */
async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(path.join(tmpdir(), "orgroles-"));
  try {
    return await open(path.join(folder, "copy"), "wx+", 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
