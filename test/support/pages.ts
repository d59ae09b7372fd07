/** A fenced block of a page. */
export interface Block {
  /** Its language. */
  readonly kind: string;
  /** What follows the language, such as `file=main.go` or `skip`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Commands of a page, and what it says they print. */
export interface Step {
  readonly commands: string;
  readonly expected: Block | undefined;
  /** Whether one of the commands is to fail: its block is marked `fails`. */
  readonly fails: boolean;
}

/** Stands for what a page leaves out: lines of a text, or fields of an object. */
const leftOut = "…";

/** The last line of every output in which a page leaves something out. In a text it also stands for further lines. */
const abridgement = "… abridged";

export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(([, kind = "", attributes = "", text = ""]) => ({
    kind,
    attributes: new Map(
      attributes
        .trim()
        .split(/ +/)
        .map((attribute): [string, string] => {
          const [name = "", value = ""] = attribute.split("=");
          return [name, value];
        }),
    ),
    text,
  }));
}

/** The blocks of commands that are wanted, each with the block behind it where that is what they print. */
export function stepsOf(blocks: readonly Block[], wanted: (block: Block) => boolean): Step[] {
  return blocks.flatMap((block, index) => {
    if (block.kind !== "sh" || !wanted(block)) return [];
    const next = blocks[index + 1];
    const isOutput = next && ["text", "json", "js"].includes(next.kind) && !next.attributes.has("file");
    return [{ commands: block.text, expected: isOutput ? next : undefined, fails: block.attributes.has("fails") }];
  });
}

/** Whether a page leaves out lines or fields of an output, and whether it says so in the output's last line. */
export function abridgementOf({ kind, text }: Block): { readonly leavesOut: boolean; readonly isMarked: boolean } {
  const isMarked = text.endsWith(`\n${abridgement}\n`);
  const lines = linesOf(text);
  const fields = kind === "js" && marked(text.replace(abridgement, "")).includes(`"${leftOut}": true`);
  return { leavesOut: fields || lines.includes(leftOut) || (kind === "text" && isMarked), isMarked };
}

/**
 * Fails unless the output is what the page says. JSON and text are complete: `…` stands for what differs from run to
 * run, and in text a line of it for any number of lines. A page says `js` for JSON in which it leaves out fields, each
 * time in the place of a `…`. Both end with `… abridged` then.
 */
export function expectOutput(output: string, { kind, text }: Block): void {
  if (kind === "text")
    return expect(`${linesOf(output).join("\n")}\n`).toMatch(new RegExp(`^${patternOfLines(text)}$`));
  expect(JSON.parse(output)).toEqual(matcher(JSON.parse(kind === "js" ? marked(text.replace(abridgement, "")) : text)));
}

const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim());

const patternOfLines = (text: string) =>
  linesOf(text)
    .map((line) => (line === leftOut || line === abridgement ? "(?:.*\\n)*?" : `${patternOf(line)}\\n`))
    .join("");

/** JSON in which each `…` outside of a text is a field. */
const marked = (text: string) =>
  text.replaceAll(/"(?:[^"\\]|\\.)*"|…/g, (token) => (token === leftOut ? `"${leftOut}": true` : token));

function matcher(expected: unknown): unknown {
  if (Array.isArray(expected)) return expected.map(matcher);
  if (typeof expected === "object" && expected !== null) {
    const fields = Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, matcher(value)]));
    if (!(leftOut in fields)) return fields;
    const { [leftOut]: _, ...shown } = fields;
    return expect.objectContaining(shown);
  }
  if (typeof expected !== "string" || !expected.includes("…")) return expected;
  return expect.stringMatching(new RegExp(`^${patternOf(expected)}$`));
}

const patternOf = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*");
