import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { type Load, median } from "./load";

export interface Row {
  readonly work: string;
  readonly against: string;
  /** What is compared; `rate` where it is not said. Of latencies the lower is the better. */
  readonly figure?: "rate" | "p50";
  readonly goal: number;
  readonly least: number;
}

interface Measured extends Row {
  readonly pairs: { readonly theirs: Load; readonly ours: Load }[];
}

const number = (value: number, digits = 2) => value.toFixed(digits);

/** What a run has measured: printed as a table, and kept as it was measured. */
export class Report {
  database = "";
  private readonly rows = new Map<string, Measured>();
  private readonly notes: string[] = [];

  constructor(private readonly sizes: Readonly<Record<string, number>>) {}

  pair(row: Row, theirs: Load, ours: Load): void {
    const measured = this.rows.get(row.work) ?? { ...row, pairs: [] };
    measured.pairs.push({ theirs, ours });
    this.rows.set(row.work, measured);
  }

  note(text: string): void {
    this.notes.push(text);
    console.error(text);
  }

  print(work: string): void {
    console.error(this.line(work));
  }

  /** The table goes to standard output, and everything as JSON to the file that RAW names. */
  write(): void {
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"]).toString().trim();
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
    const versions = { node: process.version, database: this.database, commit };
    const head =
      "| work | against | ratio | lowest–highest | goal | least | calls/s | p50 ms | p99 ms | CPU µs | theirs: calls/s | p50 ms | p99 ms | CPU µs |";
    console.log(
      [head, head.replaceAll(/[^|]+/g, "---"), ...[...this.rows.keys()].map((work) => this.line(work))].join("\n"),
    );
    for (const note of this.notes) console.log(`\n${note}`);
    console.log(`\n${machine}; ${JSON.stringify(versions)}; ${JSON.stringify(this.sizes)}`);
    const raw = { machine, versions, sizes: this.sizes, rows: [...this.rows.values()], notes: this.notes };
    writeFileSync(process.env["RAW"] ?? "dist/performance.json", `${JSON.stringify(raw, undefined, 2)}\n`);
  }

  private line(work: string): string {
    const row = this.rows.get(work);
    if (!row) return work;
    const { figure = "rate" } = row;
    const ratios = row.pairs.map(({ theirs, ours }) => ours[figure] / theirs[figure]);
    const of = (side: "ours" | "theirs") => {
      const all = (field: keyof Load) => median(row.pairs.map((pair) => pair[side][field]));
      return [number(all("rate"), 0), number(all("p50")), number(all("p99")), number(all("cpu"), 0)];
    };
    const range = `${number(Math.min(...ratios))}–${number(Math.max(...ratios))}`;
    const cells = [work, row.against, `**${number(median(ratios))}**`, range, number(row.goal), number(row.least)];
    return `| ${[...cells, ...of("ours"), ...of("theirs")].join(" | ")} |`;
  }
}
