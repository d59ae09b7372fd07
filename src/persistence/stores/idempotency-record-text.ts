import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants } from "node:zlib";

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

/** From here on compression is worth its time. Shorter answers are plain JSON, as earlier versions read and write them. */
const plainLength = 4096;
/** Begins what is compressed, and no JSON. */
const prefix = "brotli:";
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** A list of texts, by their places in a table of all texts: the first one, then the distance of each from the one before. */
interface Placed {
  readonly places: readonly number[];
}

interface Packed {
  readonly table: readonly string[];
  readonly answer: unknown;
}

/**
 * Returns an answer as text for a column. The largest answers name the permissions of hundreds of roles, each of them
 * many times: they take a place in a table once, and numbers of one or two digits elsewhere.
 */
export async function toText(answer: unknown): Promise<string> {
  const plain = JSON.stringify(answer);
  if (plain.length <= plainLength) return plain;
  await turn(); // what follows takes long enough
  const texts = new Set<string>();
  collectTexts(answer, texts);
  const table = [...texts].sort();
  const places = new Map(table.map((text, place) => [text, place]));
  const packed = JSON.stringify({ table, answer: pack(answer, places) } satisfies Packed);
  return prefix + (await compress(packed, quality)).toString("base64");
}

export async function fromText(text: string): Promise<unknown> {
  if (!text.startsWith(prefix)) return JSON.parse(text);
  const packed = (await decompress(Buffer.from(text.slice(prefix.length), "base64"))).toString();
  const { table, answer } = JSON.parse(packed) as Packed;
  return unpack(answer, table);
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");

/** All texts of all lists of texts. */
function collectTexts(value: unknown, texts: Set<string>): void {
  if (isTexts(value)) for (const text of value) texts.add(text);
  else if (typeof value === "object" && value !== null)
    for (const item of Object.values(value)) collectTexts(item, texts);
}

function pack(value: unknown, places: ReadonlyMap<string, number>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isTexts(value)) return placed(value, places);
  if (Array.isArray(value)) return value.map((item) => pack(item, places));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, pack(item, places)]));
}

function placed(texts: readonly string[], places: ReadonlyMap<string, number>): Placed {
  let before = 0;
  const distances = texts.map((text) => {
    const place = places.get(text) ?? 0;
    const distance = place - before;
    before = place;
    return distance;
  });
  return { places: distances };
}

function unpack(value: unknown, table: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => unpack(item, table));
  if ("places" in value) {
    let place = 0;
    return (value as Placed).places.map((distance) => table[(place += distance)]);
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unpack(item, table)]));
}
