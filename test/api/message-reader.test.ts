import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import * as fc from "fast-check";
import { MessageReader } from "../../src/api/message-reader";

const written = (text: string) => Buffer.from(new BinaryWriter().string(text).finish());

const texts = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.string({ unit: "binary-ascii", minLength: 60, maxLength: 70 }),
  fc.constantFrom(
    "",
    "x".repeat(64),
    "x".repeat(65),
    `${"x".repeat(63)}é`,
    `${"x".repeat(64)}é`,
    "🙂",
    "ÿ",
    "\u007f\u0080",
  ),
);

test("text is read as the reader of the library reads it", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = written(text);
      expect(new MessageReader(bytes).string()).toBe(text);
      expect(new BinaryReader(bytes).string()).toBe(text);
    }),
  );
});

test("a byte order mark is part of the text", () => {
  expect(new MessageReader(written("\ufeffname")).string()).toBe("\ufeffname");
});

test.each([
  ["a byte that no UTF-8 has", [1, 0xff]],
  ["half of a character", [2, 0x61, 0xc3]],
  ["half of a surrogate pair", [3, 0xed, 0xa0, 0x80]],
  ["more text than there is", [5, 0x61]],
])("%s is rejected", (_, bytes) => {
  expect(() => new MessageReader(Buffer.from(bytes)).string()).toThrow(/not valid|premature EOF/);
});
