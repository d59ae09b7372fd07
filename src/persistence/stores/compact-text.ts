import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants } from "node:zlib";

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

/**
 * The length above which compression is worth its time. Shorter responses are plain JSON, which earlier versions read,
 * too.
 */
const plainLength = 4096;
/** Begins a compressed text. No JSON begins with it. */
const prefix = "brotli:";
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/**
 * A list of texts as places in a table of all texts: the first place, then the distance of each from the one before.
 */
interface Places {
  readonly places: readonly number[];
}

interface Packed {
  readonly table: readonly string[];
  readonly answer: unknown;
}

/**
 * Returns a response as text for a column. The largest responses name the permissions of hundreds of roles, each of
 * them many times. A table contains each name once, and numbers of one or two digits replace the names. The plain twin
 * is `JSON.stringify`, which writes responses up to `plainLength`.
 */
export async function toText(answer: unknown): Promise<string> {
  return (await toMeasuredText(answer)).text;
}

/** Returns the same, with the length of the response before it is compressed. */
export async function toMeasuredText(answer: unknown): Promise<{ readonly text: string; readonly length: number }> {
  const plain = JSON.stringify(answer);
  const { length } = plain;
  if (length <= plainLength) return { text: plain, length };
  await turn(); // packing takes long enough without the work before it
  const texts = new Set<string>();
  collectTexts(answer, texts);
  const table = [...texts].sort();
  const places = new Map(table.map((text, place) => [text, place]));
  const packed = JSON.stringify({ table, answer: pack(answer, places) } satisfies Packed);
  return { text: prefix + (await compress(packed, quality)).toString("base64"), length };
}

/** Returns the response that `toText` has written. */
export async function fromText(text: string): Promise<unknown> {
  if (!text.startsWith(prefix)) return JSON.parse(text);
  const packed = (await decompress(Buffer.from(text.slice(prefix.length), "base64"))).toString();
  const { table, answer } = JSON.parse(packed) as Packed;
  return unpack(answer, table);
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");

/** Adds all texts of all lists of texts. */
function collectTexts(value: unknown, texts: Set<string>): void {
  if (isTexts(value)) for (const text of value) texts.add(text);
  else if (typeof value === "object" && value !== null)
    for (const item of Object.values(value)) collectTexts(item, texts);
}

function pack(value: unknown, places: ReadonlyMap<string, number>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isTexts(value)) return toPlaces(value, places);
  if (Array.isArray(value)) return value.map((item) => pack(item, places));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, pack(item, places)]));
}

function toPlaces(texts: readonly string[], places: ReadonlyMap<string, number>): Places {
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
    return (value as Places).places.map((distance) => table[(place += distance)]);
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unpack(item, table)]));
}
