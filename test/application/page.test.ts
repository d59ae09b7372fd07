import type { Refusal } from "../../src/domain/errors";
import { Fields } from "../../src/application/request/fields";
import {
  encodePairToken,
  encodeToken,
  pageOf,
  parsePageSize,
  parsePageToken,
  parsePairToken,
} from "../../src/application/request/page";

const list = ["ListOrgRoles", "production", "acme"];
const parse = (pageSize: number, pageToken = "", of: readonly string[] = list) => {
  const fields = new Fields();
  const { size } = fields.check({ size: parsePageSize(fields, { pageSize, pageToken }) });
  return { size, after: parsePageToken(of, { pageSize, pageToken }) };
};
const refusalOf = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    const { reason, details } = error as Refusal;
    return [reason, details.violations?.[0]?.field];
  }
};

test.each([
  [0, 100],
  [1, 1],
  [1000, 1000],
  [1001, 1000],
  [2 ** 31 - 1, 1000],
])("a page size of %d gives %d", (asked, given) => {
  expect(parse(asked)).toEqual({ size: given, after: undefined });
});

test("a negative page size is refused", () => {
  expect(refusalOf(() => parse(-1))).toEqual(["INVALID_FIELDS", "page_size"]);
});

test("a token leads back to where it was made", () => {
  const token = encodeToken(list, { key: "role_1", position: 7 });
  expect(parse(5, token)).toEqual({ size: 5, after: { key: "role_1", position: 7 } });
});

const foreign = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString("base64url");

test.each([
  ["text", "nonsense"],
  ["another RPC's token", foreign("ListEnvironmentRoles", "production", "acme", "role_1", 7)],
  ["another environment's", foreign("ListOrgRoles", "staging", "acme", "role_1", 7)],
  ["another organization's", foreign("ListOrgRoles", "production", "globex", "role_1", 7)],
  ["one without a position", foreign(...list, "role_1")],
  ["one with text for a position", foreign(...list, "role_1", "7")],
  ["one with a fraction for a position", foreign(...list, "role_1", 0.5)],
  ["one with a key of another alphabet", foreign("ListOrgRoles", "production", "acme", "管理者", 7)],
  ["one with a key longer than any", foreign(...list, "a".repeat(65), 7)],
  ["one with something more", foreign(...list, "role_1", 7, 8)],
  ["a JSON null", Buffer.from("null").toString("base64url")],
  ["a JSON object", Buffer.from('{"length":5}').toString("base64url")],
  ["a NUL byte", "\0"],
  ["a megabyte", "A".repeat(2 ** 20)],
])("%s is no token of the list", (_, token) => {
  expect(refusalOf(() => parse(5, token))).toEqual(["PAGE_TOKEN_INVALID", "page_token"]);
});

test("a page has a token exactly while there is more", () => {
  expect(pageOf(list, ["a", "b", "c"], 2, String)).toEqual({
    items: ["a", "b"],
    nextPageToken: encodeToken(list, { key: "b", position: 0 }),
  });
  expect(pageOf(list, ["a", "b"], 2, String)).toEqual({ items: ["a", "b"], nextPageToken: "" });
  expect(pageOf(list, [], 2, String)).toEqual({ items: [], nextPageToken: "" });
});

describe("a token of two keys", () => {
  const parsePair = (pageToken: string) => parsePairToken(list, { pageSize: 1, pageToken });

  test("leads back to both of them", () => {
    expect(parsePair("")).toBeUndefined();
    expect(parsePair(encodePairToken(list, "uid", "ann"))).toEqual(["uid", "ann"]);
  });

  test.each([
    ["a token of one key and a position", encodeToken(list, { key: "ann", position: 0 })],
    ["another list's token", encodePairToken(["ListOrgRoles", "staging", "acme"], "uid", "ann")],
    ["an empty key", foreign(...list, "", "ann")],
    ["a key that is too long", foreign(...list, "uid", "a".repeat(65))],
    ["a third key", foreign(...list, "uid", "ann", "bob")],
    ["a megabyte", "A".repeat(2 ** 20)],
    ["text", "nonsense"],
  ])("is not %s", (_, token) => {
    expect(refusalOf(() => parsePair(token))).toEqual(["PAGE_TOKEN_INVALID", "page_token"]);
  });

  test("is no token of one key and a position", () => {
    const token = encodePairToken(list, "uid", "ann");
    expect(refusalOf(() => parse(5, token))).toEqual(["PAGE_TOKEN_INVALID", "page_token"]);
  });
});
