import { Fields, invalid } from "../../src/application/request/fields";
import type { Refusal } from "../../src/domain/errors";
import {
  type Parse,
  parseDescription,
  parseDisplayName,
  parseEtag,
  parseId,
  parseName,
  parsePermissionSlug,
  parseRequestId,
} from "../../src/domain/values";

type Row = readonly [sentence: string, text: string, value: string | false];

function table(kind: string, parse: Parse<string>, rows: readonly Row[]): void {
  test.each(rows)(`${kind}: %s`, (_, text, value) => {
    const result = parse(text);
    expect("value" in result ? result.value : false).toBe(value);
  });
}

table("an id", parseId, [
  ["one character", "a", "a"],
  ["64 characters keep their case", "Aa".repeat(32), "Aa".repeat(32)],
  ["65 characters are too many", "a".repeat(65), false],
  ["every printable character", "!~\"'%;--/*\\", "!~\"'%;--/*\\"],
  ["nothing", "", false],
  ["a space", "a b", false],
  ["a letter beyond ASCII", "é", false],
  ["a NUL byte", "a\0", false],
  ["a newline at the end", "a\n", false],
]);

table("a name", parseName, [
  ["is trimmed", "  Admin \u00A0", "Admin"],
  ["keeps inner whitespace", "a  b", "a  b"],
  ["48 characters", "é".repeat(48), "é".repeat(48)],
  ["48 characters of two code units count once each", "😀".repeat(48), "😀".repeat(48)],
  ["49 characters", "a".repeat(49), false],
  ["48 characters after trimming", ` ${"a".repeat(48)} `, "a".repeat(48)],
  ["only whitespace", "   ", false],
  ["a newline inside", "a\nb", false],
  ["a NUL byte", "a\0b", false],
  ["a C1 control character", "a\u0085b", false],
  ["a comma", "a, b", "a, b"],
]);

table("a display name", parseDisplayName, [
  ["64 characters", "a".repeat(64), "a".repeat(64)],
  ["65 characters", "a".repeat(65), false],
]);

table("a description", parseDescription, [
  ["may be empty", "", ""],
  ["is not trimmed", " a ", " a "],
  ["may have newlines and tabs", "a\n\tb", "a\n\tb"],
  ["150 characters", "😀".repeat(150), "😀".repeat(150)],
  ["151 characters", "a".repeat(151), false],
  ["a carriage return", "a\r\n", false],
  ["a NUL byte", "\0", false],
]);

table("a permission's slug", parsePermissionSlug, [
  ["every delimiter", "a-b.c:d_e*", "a-b.c:d_e*"],
  ["a delimiter alone", "*", "*"],
  ["48 characters", "a".repeat(48), "a".repeat(48)],
  ["49 characters", "a".repeat(49), false],
  ["capitals", "Read", false],
  ["a comma", "a,b", false],
  ["nothing", "", false],
]);

table("an etag", parseEtag, [
  ["as the server makes them", "eZSS1kzZ--znq6Df", "eZSS1kzZ--znq6Df"],
  ["nothing", "", false],
  ["a space", "a b", false],
]);

table("a request id", parseRequestId, [
  ["a UUID", "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11", "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11"],
  ["is the same in capitals", "6F1B3A0E-3C1F-4D7C-9D59-2F0F4F0A8A11", "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11"],
  ["a UUID in braces", "{6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11}", false],
  ["nothing", "", false],
]);

function refusalOf(fill: (fields: Fields) => void): Refusal | undefined {
  const fields = new Fields();
  fill(fields);
  try {
    fields.check({});
    return undefined;
  } catch (error) {
    return error as Refusal;
  }
}

test("all violations come at once, with the paths of the request", () => {
  const refusal = refusalOf((fields) => {
    fields.required("environment_id", "", parseId);
    fields.optional("slug", "", parseName);
    fields.set("permissions", ["ok", "NOT OK", "ok", "*", ""], parsePermissionSlug);
    fields.mask(["name", "colour"], ["name"]);
  });
  expect(refusal?.reason).toBe("INVALID_FIELDS");
  expect(refusal?.metadata).toEqual({ violation_count: "5" });
  expect(refusal?.message).toMatch(/^Invalid request: environment_id is required \(and 4 more violations\)$/);
  expect(refusal?.details.violations?.map(({ field }) => field)).toEqual([
    "environment_id",
    "slug",
    "permissions[1]",
    "permissions[4]",
    "update_mask.paths[1]",
  ]);
});

test("checked values are the parsed ones", () => {
  const fields = new Fields();
  const { name, etag, scope } = fields.check({
    name: fields.required("name", " a ", parseName),
    etag: fields.optional("etag", undefined, parseEtag),
    scope: fields.group({ id: fields.required("id", "acme", parseId) }),
  });
  expect([name, etag, scope.id]).toEqual(["a", undefined, "acme"]);
});

test("values that belong together are invalid if one of them is", () => {
  const fields = new Fields();
  const broken = fields.required("id", "a b", parseId);
  expect(broken).toBe(invalid);
  expect(fields.group({ broken, etag: fields.optional("etag", undefined, parseEtag) })).toBe(invalid);
  expect(fields.outcome({ broken })).toMatchObject({ reason: "INVALID_FIELDS", metadata: { violation_count: "1" } });
  expect(() => fields.check({ broken })).toThrow("id must be");
});

test("valid fields are no violation, absent optional ones neither", () => {
  const refusal = refusalOf((fields) => {
    expect(fields.required("name", " a ", parseName)).toBe("a");
    expect(fields.optional("slug", undefined, parseName)).toBeUndefined();
    expect(fields.set("permissions", ["b", "a", "b"], parsePermissionSlug)).toEqual(["b", "a"]);
    expect(fields.list("permissions", ["b", "a", "b"], parsePermissionSlug)).toEqual(["b", "a", "b"]);
    expect([...fields.mask(["name"], ["name", "description"])]).toEqual(["name"]);
  });
  expect(refusal).toBeUndefined();
});

test.each([[undefined], [[]]])("a mask of %j is refused", (paths) => {
  const refusal = refusalOf((fields) => fields.mask(paths, ["name"]));
  expect(refusal?.details.violations).toEqual([
    { field: "update_mask", description: "is required: one or more of name" },
  ]);
});

test("a required field that is empty is required, one that is blank breaks its rule", () => {
  const refusal = refusalOf((fields) => {
    fields.required("slug", undefined, parseName);
    fields.required("name", "", parseName);
    fields.required("display_name", "  ", parseName);
    fields.optional("etag", "", parseEtag);
    fields.list("slugs", [""], parsePermissionSlug);
    expect(fields.required("description", "", parseDescription)).toBe("");
  });
  expect(refusal?.details.violations).toEqual([
    { field: "slug", description: "is required" },
    { field: "name", description: "is required" },
    { field: "display_name", description: expect.stringMatching(/^must be 1–48 characters after trimming/) },
    { field: "etag", description: "must be an etag that the server returned" },
    { field: "slugs[0]", description: expect.stringMatching(/^must be 1–48 characters/) },
  ]);
});

test("a list of more than fifty thousand texts is refused as a whole", () => {
  const texts = Array<string>(50_001).fill("");
  const refusal = refusalOf((fields) => {
    expect(fields.list("slugs", texts, parseName)).toEqual([]);
    expect([...fields.mask(texts, ["name"])]).toEqual([]);
  });
  expect(refusal?.details.violations).toEqual([
    { field: "slugs", description: "must be at most 50000 items" },
    { field: "update_mask.paths", description: "must be at most 50000 items" },
  ]);
});

test("of very many violations the first hundred are told, and how many there are", () => {
  const refusal = refusalOf((fields) => fields.list("slugs", Array<string>(10_000).fill(""), parseName));
  expect(refusal?.details.violations).toHaveLength(100);
  expect(refusal?.metadata).toEqual({ violation_count: "10000" });
});
