import * as fc from "fast-check";
import { type Parse, parseDescription, parseDisplayName, parseName } from "../../src/domain/values";

const accepts = (parse: Parse<string>, text: string) => "value" in parse(text);
const character = (codePoint: number) => String.fromCodePoint(codePoint);
const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => character(first + index));
const named = (texts: readonly string[]) =>
  texts.map((text) => [`U+${text.codePointAt(0)?.toString(16)}`, text] as const);

const bidirectional = [...range(0x202a, 0x202e), ...range(0x2066, 0x2069)];
const invisible = [
  ["\u200b", "\u200c", "\u200d", "\u200e", "\u200f"], // spaces, joiners and marks of no width
  ["\u2060", "\u2061", "\u2064"],
  ["\u00ad", "\u034f", "\u061c", "\u180e", "\ufeff"],
  ["\u115f", "\u1160", "\u3164", "\uffa0"], // fillers of Hangul
  ["\ufe00", "\ufe0f", "\u{e0100}"], // variation selectors
  ["\u{e0001}", "\u{e0020}", "\u{e007f}"], // tags
  ["\u0301", "\u20e3", "\u0903"], // marks that belong to a letter
  ["\u00a0", "\u3000", "\u2028"],
].flat();

describe.each([
  ["a name", parseName],
  ["a display name", parseDisplayName],
])("%s", (_, parse) => {
  test.each(named(invisible))("is not %s, nor several of it", (_sentence, text) => {
    for (const only of [text, text.repeat(3), ` ${text} `, `${text} ${text}`, `${text}\u200b${text}`])
      expect([only, accepts(parse, only)]).toEqual([only, false]);
  });

  test.each(named(bidirectional))("has no %s anywhere", (_sentence, text) => {
    for (const name of [text, `${text}Admin`, `Admin${text}`, `Ad${text}min`, `${text}nimdA\u202c`])
      expect([name, accepts(parse, name)]).toEqual([name, false]);
  });

  test.each([
    ["a half of a surrogate pair", "Admin \ud83d"],
    ["the other half", "\ude00 Admin"],
    ["a control character", "Admin\u0007"],
    ["a C1 control character", "Ad\u009fmin"],
  ])("has no %s", (_sentence, name) => expect(accepts(parse, name)).toBe(false));

  test.each([
    ["a family, joined", "👨‍👩‍👧‍👦"],
    ["a flag of tags", "🏴󠁧󠁢󠁳󠁣󠁴󠁿 Scotland"],
    ["a flag of tags alone", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"],
    ["a heart with a variation selector", "❤️"],
    ["a keycap", "1️⃣"],
    ["a skin tone", "👩🏽‍💻"],
    ["Persian with a non-joiner", "می‌خواهم"],
    ["Hindi with a joiner", "क्‍ष"],
    ["Hebrew with a mark of direction", "מנהל\u200f (a)"],
    ["Arabic with a letter mark", "مدير\u061c 1"],
    ["a letter and a mark", "e\u0301"],
    ["Korean of conjoining letters", "\u1112\u1161\u11ab"],
    ["a soft hyphen inside", "Ab\u00adteilung"],
    ["a blank of Braille, which is a character of its own", "\u2800"],
    ["a private character", "\ue000"],
    ["a character that is not assigned yet", "\u{1faff}"],
    ["a byte order mark behind a letter is trimmed", "Admin\ufeff"],
  ])("may be %s", (_sentence, name) => expect(parse(name)).toEqual({ value: name.trim() }));
});

describe("a description", () => {
  test.each(named(bidirectional))("has no %s", (_sentence, text) =>
    expect(accepts(parseDescription, `Pays ${text}invoices`)).toBe(false),
  );

  test.each([
    ["nothing that is visible", "\u200b"],
    ["a line separator", "a\u2028b"],
    ["a mark of direction", "\u200fמנהל"],
  ])("may have %s", (_sentence, text) => expect(parseDescription(text)).toEqual({ value: text }));

  test("has no half of a surrogate pair", () => expect(accepts(parseDescription, "a\ud800")).toBe(false));
});

test("a name of any characters is refused exactly where one is forbidden or none can be seen", () => {
  const pieces = fc.constantFrom(...invisible, ...bidirectional, "A", "ж", "管", "👩", " ", "\0");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const name = parts.join("").trim();
      const forbidden = parts.some((part) => bidirectional.includes(part)) || name.includes("\0");
      const seen = ["A", "ж", "管", "👩"].some((letter) => parts.includes(letter));
      expect(accepts(parseName, parts.join(""))).toBe(seen && !forbidden);
    }),
  );
});

test("what any rule takes is text that a database gives back", () => {
  const texts = fc.sample(fc.string({ unit: "binary", maxLength: 60 }), 1000);
  const taken = [parseName, parseDescription].flatMap((parse) =>
    texts.flatMap((text) => {
      const result = parse(text);
      return "value" in result ? [String(result.value)] : [];
    }),
  );
  expect(taken.map((text) => Buffer.from(text).toString())).toEqual(taken);
});
