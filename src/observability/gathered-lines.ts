import type { DestinationStream } from "pino";

/** Characters after which lines are written, and milliseconds. */
const limits = { length: 32_768, delay: 100 };

/** What pino makes for a file. */
interface File {
  write(text: string): void;
  flushSync(): void;
}

/**
 * Has lines of the log that come within a tenth of a second written together: a write costs more than a line, and
 * sonic-boom's own gathering copies what it has gathered for every line.
 */
export class GatheredLines implements DestinationStream {
  private lines: string[] = [];
  private length = 0;
  private timer: NodeJS.Timeout | undefined;

  /** The last lines go to a file of their own, which writes at once: a write that is under way at the end may be lost. */
  constructor(
    private readonly file: File,
    openLast: () => Pick<File, "write">,
  ) {
    process.on("exit", () => {
      try {
        file.flushSync();
        if (this.length) openLast().write(this.lines.join(""));
      } catch {
        // nobody reads it any more
      }
    });
  }

  write(line: string): void {
    this.lines.push(line);
    this.length += line.length;
    if (this.length >= limits.length) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), limits.delay).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.length) this.file.write(this.lines.join(""));
    this.lines = [];
    this.length = 0;
  }
}
