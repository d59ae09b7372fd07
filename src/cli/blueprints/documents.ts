import type { Blueprint } from "../../application/blueprints/blueprint";
import { Fault } from "../../domain/fault";
import { parseId } from "../../domain/values";
import { linesOf } from "./lines";
import { isGiven, parseContent } from "./schema";
import { type DocumentText, documentTexts } from "./split";
import { type Path, LineFault, YamlDocument } from "./yaml-document";

/** A document of a file of blueprints. */
export interface Document {
  /** The place in the file, such as `document 2 (organization acme)`. */
  readonly place: string;
  /** The first line of the document. */
  readonly line: number;
  /** The id of the environment, if the document describes one. */
  readonly environmentId: string | undefined;
  /** The blueprints of the document. A large document of members contains several. */
  readonly blueprints: readonly Blueprint[];
  /** Returns the line of a part of a blueprint. */
  readonly lineOf: (path: Path) => number;
}

const mostFaults = 20;

/** Reads the documents of a file, one after the other. Throws a Fault that names the document and the line. */
export async function* readDocuments(chunks: AsyncIterable<Buffer>): AsyncGenerator<Document> {
  let number = 1;
  for await (const text of documentTexts(linesOf(chunks))) {
    const document = parse(text, `document ${number}`);
    if (!document) continue;
    yield document;
    number += 1;
  }
}

function parse({ text, firstLine }: DocumentText, place: string): Document | undefined {
  const yaml = parseYaml(text, firstLine, place);
  const content = yaml.value;
  if (content === null) return undefined;
  const { line } = yaml.find([]);
  const kind = content instanceof Map && ["environment", "organization"].find((key) => isGiven(content, key));
  if (!(content instanceof Map) || !kind)
    throw new Fault(`${place}, line ${line}: the document names neither an environment nor an organization`);
  const subject: unknown = content.get(kind);
  const where = `${place} (${kind}${typeof subject === "string" && "value" in parseId(subject) ? ` ${subject}` : ""})`;
  const parsed = parseContent(content);
  if (!("violations" in parsed)) return { place: where, line, lineOf: (path) => yaml.find(path).line, ...parsed };
  const { violations } = parsed;
  const faults = violations
    .slice(0, mostFaults)
    .map(({ path, rule }) => ({ ...yaml.find(path), rule }))
    .sort((one, other) => one.line - other.line)
    .map((fault) => `\n  line ${fault.line}: ${fault.name || "the document"}: ${fault.rule}`);
  const more = violations.length - faults.length;
  throw new Fault(`${where}:${faults.join("")}${more > 0 ? `\n  and ${more} more` : ""}`);
}

function parseYaml(text: string, firstLine: number, place: string): YamlDocument {
  try {
    return new YamlDocument(text, firstLine);
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    throw new Fault(`${place}, line ${error.line}: ${error.message}`);
  }
}
