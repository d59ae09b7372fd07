import { type Document, readDocuments } from "../../src/cli/blueprints/documents";

export async function* inChunks(content: string | Buffer, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(content as string);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** The documents of a file, which comes in chunks that end anywhere. */
export async function documentsOf(content: string | Buffer, size?: number): Promise<Document[]> {
  const documents: Document[] = [];
  for await (const document of readDocuments(inChunks(content, size))) documents.push(document);
  return documents;
}

export async function refusalOf(content: string | Buffer, size?: number): Promise<string> {
  const refused: unknown = await documentsOf(content, size).catch((error: unknown) => error);
  if (!(refused instanceof Error)) throw new Error(`It was not refused: ${JSON.stringify(refused)}`);
  return refused.message;
}

/** Valid ids that some reader of YAML takes for something else, or that break what is written carelessly. */
export const oddIds = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "Null",
  "~",
  "true",
  "no",
  "on",
  "y",
  "N",
  "1e3",
  "0x1F",
  "0o17",
  "017",
  "1_000",
  "12:30:45",
  "2024-01-01",
  ".inf",
  "-.INF",
  ".nan",
  "NaN",
  "0",
  "10",
  "9",
  "*x",
  "&a",
  "!tag",
  "!!str",
  "<<",
  "=",
  "?",
  "-",
  "--",
  "{}",
  "[",
  "]",
  ",",
  "#x",
  "a#b",
  "a:",
  ":a",
  "'",
  '"',
  "\\",
  "\\n",
  "%YAML",
  "---",
  "...",
  "|",
  ">",
  "@a",
  "`a",
  "$ref",
  "user:1",
  "a@b.example",
  "Infinity",
  "1.5",
  "x".repeat(64),
  "\\".repeat(64),
];
