import type { DestinationStream } from "pino";

/** Characters and milliseconds after which the lines are written. */
const limits = { length: 32_768, delay: 100 };

/** The part of a SonicBoom that is used. */
interface File {
  write(text: string): void;
  flushSync(): void;
}

/**
 * Writes the log lines of a tenth of a second together. One write costs more than one line, and sonic-boom's own
 * buffering copies its buffer for every line.
 */
export class GatheredLines implements DestinationStream {
  private lines: string[] = [];
  private length = 0;
  private timer: NodeJS.Timeout | undefined;

  /** `openLast` opens a synchronous file for the last lines: an asynchronous write may be lost when the process ends. */
  constructor(
    private readonly file: File,
    openLast: () => Pick<File, "write">,
  ) {
    process.on("exit", () => {
      try {
        file.flushSync();
        if (this.length) openLast().write(this.lines.join(""));
      } catch {
        // the reader is gone
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
