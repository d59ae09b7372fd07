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
}

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
    const isOutput = next && ["text", "json"].includes(next.kind) && !next.attributes.has("file");
    return [{ commands: block.text, expected: isOutput ? next : undefined }];
  });
}

/** Fails unless the output is what the page says: JSON has at least its fields, text has at least its lines, in order. */
export function expectOutput(output: string, { kind, text }: Block): void {
  if (kind === "json") {
    return expect(answerIn(output)).toEqual(matcher(JSON.parse(text)));
  }
  const lines = text.trim().split("\n").map(patternOf);
  expect(output).toMatch(new RegExp(lines.join("[^]*?\\n?[^]*?")));
}

/** The first JSON object of an output. */
export const answerIn = (output: string): unknown =>
  JSON.parse(output.slice(output.search(/^\{/m)).replaceAll(/^\}\s*\{[^]*$/gm, "}"));

/** The page leaves out fields, and writes `…` for what differs from run to run. */
function matcher(expected: unknown): unknown {
  if (Array.isArray(expected)) return expected.map(matcher);
  if (typeof expected === "object" && expected !== null) {
    const fields = Object.entries(expected).map(([name, value]) => [name, matcher(value)]);
    return expect.objectContaining(Object.fromEntries(fields));
  }
  if (typeof expected !== "string" || !expected.includes("…")) return expected;
  return expect.stringMatching(new RegExp(`^${patternOf(expected)}$`));
}

const patternOf = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*");
