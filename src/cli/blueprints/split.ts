import { Fault } from "../../domain/fault";
import { longest } from "./lines";

/** The text of a YAML document. */
export interface DocumentText {
  readonly firstLine: number;
  readonly text: string;
}

const begins = /^---(?=\s|$)/;
const ends = /^\.\.\.(?:\s+#.*|\s*)$/;
const directive = /^%/;
const blank = /^\s*(?:#.*)?$/;
const bare = /^---(?:\s+#.*|\s*)$/;

/**
 * Splits lines into documents at `---` and `...` at the start of a line, even in quotes and block scalars. Omits documents
 * that contain only comments.
 */
export async function* documentTexts(batches: AsyncIterable<readonly string[]>): AsyncGenerator<DocumentText> {
  let pending: string[] = [];
  let bytes = 0;
  /** Whether a document has begun. Directives and comments before `---` belong to it. */
  let begun = false;
  let isEmpty = true;
  let number = 0;
  const finish = (): DocumentText[] => {
    const text = pending.join("\n");
    const document = { firstLine: number - pending.length, text };
    const found = isEmpty ? [] : [document];
    pending = [];
    bytes = 0;
    begun = false;
    isEmpty = true;
    return found;
  };
  for await (const lines of batches)
    for (const line of lines) {
      number += 1;
      if (ends.test(line)) {
        yield* finish();
        continue;
      }
      if (begins.test(line) && begun) yield* finish();
      begun ||= begins.test(line) || !(blank.test(line) || directive.test(line));
      isEmpty &&= blank.test(line) || bare.test(line);
      bytes += Buffer.byteLength(line) + 1;
      if (bytes > longest)
        throw new Fault(
          `line ${number}: the document is longer than ${longest} bytes; split it into several documents with ---`,
        );
      if (begun || pending.length || !isEmpty) pending.push(line);
    }
  number += 1;
  yield* finish();
}
