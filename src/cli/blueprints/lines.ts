import { Fault } from "../../domain/fault";
import { isUtf8 } from "node:buffer";

/** Maximum number of bytes of a line and of a document, because each is read as a whole. */
export const longest = 16 * 1024 * 1024;

/** Characters that YAML forbids outside of double quotes, and line ends of YAML 1.1. */
const unreadable = /[^\t\n\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/**
 * Returns the lines of UTF-8 text, many at a time, without line ends and byte order marks. Throws a Fault that names the
 * line.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  let pending: Buffer[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf("\n") + 1;
    if (end) {
      const lines = textOf(Buffer.concat([...pending, chunk.subarray(0, end - 1)]), number).split("\n");
      yield lines;
      number += lines.length;
      pending = [];
      length = 0;
    }
    pending.push(chunk.subarray(end));
    length += chunk.length - end;
    if (length > longest) throw new Fault(`line ${number} is longer than ${longest} bytes`);
  }
  if (length) yield textOf(Buffer.concat(pending), number).split("\n");
}

function textOf(bytes: Buffer, firstLine: number): string {
  const fault = (before: string | Buffer, sentence: string) =>
    new Fault(`line ${firstLine + before.toString("latin1").split("\n").length - 1}: ${sentence}`);
  const mark = bytes.toString("hex", 0, 2);
  if (firstLine === 1 && ["fffe", "feff"].includes(mark))
    throw fault("", "the file is UTF-16 text; save the file as UTF-8");
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    throw fault(bytes.subarray(0, nul), "there is a NUL byte (binary data or UTF-16 text); save the file as UTF-8");
  if (!isUtf8(bytes)) throw fault(beforeBrokenLine(bytes), "the text is not UTF-8; save the file as UTF-8");
  const text = bytes
    .toString("utf8")
    .replace(firstLine === 1 ? /^\uFEFF/ : /^\uFEFF(?=---)/, "")
    .replaceAll(/\r(?=\n|$)|(?<=\n)\uFEFF(?=---)/g, "");
  const found = unreadable.exec(text);
  if (!found) return text;
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  const before = text.slice(0, found.index);
  throw fault(before, `the character U+${code} must be in double quotes, written as "\\u${code}"`);
}

/** Returns the lines before the first one that is not UTF-8. */
function beforeBrokenLine(bytes: Buffer): Buffer {
  for (let start = 0; ; ) {
    const end = bytes.indexOf("\n", start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return bytes.subarray(0, start);
    start = end + 1;
  }
}
