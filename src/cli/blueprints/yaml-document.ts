import {
  Composer,
  type Document,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  Scalar,
  isAlias,
  isMap,
  isScalar,
  isSeq,
} from "yaml";
import { Fault } from "../../domain/fault";

/** The content of a document. Every scalar is text or null, so that no id or slug becomes a number or a date. */
export type Value = string | null | readonly Value[] | ReadonlyMap<string, Value>;

/** The path of a value: keys, indexes of lists, or slugs of list items. */
export type Path = readonly PropertyKey[];

export interface Place {
  readonly line: number;
  /** The path as text, such as `roles[0].slug`. */
  readonly name: string;
}

/** A fault in a line of a document. */
export class LineFault extends Fault {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}

const deepest = 50;
/** Every token takes memory: keys, values, and everything between them. */
const mostTokens = 8_000_000;
/** Maximum number of values that aliases add to the document. */
const mostAliased = 1_000_000;

const tagOf = (node: Node) => `tag:yaml.org,2002:${isMap(node) ? "map" : isSeq(node) ? "seq" : "str"}`;
const nothing = new Set(["", "~", "null", "Null", "NULL"]);

/** A YAML document, as far as YAML 1.1 and 1.2 read it alike. */
export class YamlDocument {
  readonly value: Value;
  private readonly lines = new LineCounter();
  private readonly contents: Node | null;
  private readonly anchors = new Map<string, Node>();
  private readonly targets = new Map<Node, Node>();
  private aliased = 0;

  constructor(
    text: string,
    private readonly firstLine: number,
  ) {
    this.contents = this.compose(text);
    this.value = this.contents && this.valueOf(this.contents, false);
  }

  /** Returns the place of a path, or of its longest part that exists. */
  find(path: Path): Place {
    let node: Node | null | undefined = this.contents;
    let at: Node | null | undefined = node;
    let name = "";
    for (const part of path) {
      const parent: Node | null | undefined = node && (this.targets.get(node) ?? node);
      if (isMap<Node, Node | null>(parent)) {
        const pair: Pair<Node, Node | null> | undefined = parent.items.find(({ key }) => this.textOf(key) === part);
        name += `${name && "."}${String(part)}`;
        if (!pair) break;
        at = pair.key;
        node = pair.value;
      } else if (isSeq<Node>(parent)) {
        const index: number =
          typeof part === "number" ? part : parent.items.findIndex((item) => this.isNamed(item, part));
        if (!parent.items[index]) break;
        at = node = parent.items[index];
        name += `[${index}]`;
      } else break;
    }
    return { line: this.lineOf(at), name };
  }

  private isNamed(item: Node, name: PropertyKey): boolean {
    const node = this.targets.get(item) ?? item;
    if (!isMap<Node, Node>(node)) return this.textOf(node) === name;
    return node.items.some(({ key, value }) => this.textOf(key) === "slug" && this.textOf(value) === name);
  }

  private textOf(given: Node | null): unknown {
    const node = given && (this.targets.get(given) ?? given);
    return isScalar(node) ? node.value : undefined;
  }

  private lineOf(node: Node | null | undefined): number {
    return this.lineAt(node?.range?.[0] ?? 0);
  }

  private lineAt(offset: number): number {
    return this.firstLine + Math.max(this.lines.linePos(offset).line, 1) - 1;
  }

  private compose(text: string): Node | null {
    // `contentOf` finds duplicate keys: the library compares all pairs of keys
    const composer = new Composer({ schema: "failsafe", merge: false, uniqueKeys: false, logLevel: "silent" });
    const [document, another] = [...composer.compose(this.tokens(text), true, text.length)] as Document.Parsed[];
    const error = document?.errors[0] ?? document?.warnings.find(({ code }) => code === "BAD_DIRECTIVE");
    if (error) throw new LineFault(this.lineAt(error.pos[0]), withoutQuotes(error.message));
    if (another) throw new LineFault(this.lineAt(another.range[0]), "the document ends before this line");
    return document?.contents ?? null;
  }

  /** Yields tokens. Throws if they are too many, or nested too deep, to compose them safely. */
  private *tokens(text: string) {
    const parser = new Parser(this.lines.addNewLine);
    this.lines.addNewLine(0);
    let count = 0;
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) {
        yield token;
        if (token.type === "error") return;
      }
      if ((count += 1) > mostTokens)
        throw new LineFault(
          this.lineAt(parser.offset),
          "the document is too large; split it into several documents with ---",
        );
      if (parser.stack.length > deepest)
        throw new LineFault(
          this.lineAt(parser.offset),
          `lists and mappings are nested more than ${deepest} levels deep`,
        );
    }
    yield* parser.end();
  }

  private valueOf(node: Node, isAliased: boolean): Value {
    if (isAliased && (this.aliased += 1) > mostAliased)
      throw new LineFault(this.lineOf(node), `aliases expand to more than ${mostAliased} values`);
    if (isAlias(node)) {
      const target = this.targetOf(node);
      if (!target) throw new LineFault(this.lineOf(node), "the alias has no complete anchor before it");
      this.targets.set(node, target);
      return this.valueOf(target, true);
    }
    if (node.tag !== undefined && ![tagOf(node), "!"].includes(node.tag))
      throw new LineFault(
        this.lineOf(node),
        `the tag ${node.tag.replace(/^tag:yaml.org,2002:/, "!!")} is not supported; every value is text`,
      );
    const value = this.contentOf(node, isAliased);
    if (!isAliased && "anchor" in node && node.anchor) this.anchors.set(node.anchor, node);
    return value;
  }

  private contentOf(node: Node, isAliased: boolean): Value {
    if (isSeq<Node>(node)) return node.items.map((item) => this.valueOf(item, isAliased));
    if (!isMap<Node, Node | null>(node)) return scalarOf(node);
    const map = new Map<string, Value>();
    const keys = new Map<string, Node>();
    for (const { key, value } of node.items) {
      const name = this.keyOf(key, isAliased);
      const first = keys.get(name);
      if (first) throw new LineFault(this.lineOf(key), `the key "${name}" is already in line ${this.lineOf(first)}`);
      keys.set(name, key);
      if (name === "<<" && isScalar(key) && key.type === Scalar.PLAIN && this.isMerge(value))
        throw new LineFault(this.lineOf(key), "merge keys (<<) are not supported; repeat the keys");
      map.set(name, value ? this.valueOf(value, isAliased) : null);
    }
    return map;
  }

  private keyOf(key: Node, isAliased: boolean): string {
    this.valueOf(key, isAliased);
    const text = this.textOf(key);
    if (typeof text !== "string") throw new LineFault(this.lineOf(key), "a key must be text");
    return text;
  }

  /** Reports whether a value of `<<` merges a mapping. `<<` is also a valid id, with a text or a list of texts as value. */
  private isMerge(value: Node | null): boolean {
    const node = this.targetOf(value);
    return isMap(node) || (isSeq<Node>(node) && node.items.some((item) => isMap(this.targetOf(item))));
  }

  private targetOf(node: Node | null): Node | null | undefined {
    return isAlias(node) ? (this.targets.get(node) ?? this.anchors.get(node.source)) : node;
  }
}

/** Cuts the message of the parser before it quotes the file. */
const withoutQuotes = (message: string) => /^[\w ,.()'-]*/.exec(message)?.[0].trim() || "is not valid YAML";

function scalarOf(node: Node): string | null {
  if (!isScalar(node) || typeof node.value !== "string") return null;
  return node.type === Scalar.PLAIN && node.tag === undefined && nothing.has(node.value) ? null : node.value;
}
