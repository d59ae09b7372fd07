import { ulid } from "ulid";
import { createResumeTokens } from "../../src/app/resume-tokens";
import { isId } from "../../src/domain/values";
import type { EnvironmentUid } from "../../src/domain/ids";
import { environmentId } from "../support/storage";

const uid = ulid() as EnvironmentUid;
const tokens = createResumeTokens("secret");
const production = environmentId("production");

test.each([0, 1, 255, 2 ** 32, 2 ** 47])("position %d has a token of its own, always the same", (position) => {
  const token = tokens.encode(production, { uid, position });
  expect(tokens.encode(production, { uid, position })).toBe(token);
  expect(tokens.decode(production, token)).toEqual({ uid, position });
  expect(isId(token)).toBe(true);
});

test("neighbouring places have tokens that share nothing", () => {
  const [first = "", second = ""] = [1, 2].map((position) => tokens.encode(production, { uid, position }));
  const same = first.split("").filter((character, index) => character === second[index]).length;
  expect(same).toBeLessThan(first.length / 2);
  expect(Buffer.from(first, "base64url").toString("latin1")).not.toContain(uid);
});

test("a token is of no use in another environment, with another secret, or changed anywhere", () => {
  const token = tokens.encode(production, { uid, position: 7 });
  expect(tokens.decode(environmentId("staging"), token)).toBeUndefined();
  expect(createResumeTokens("other").decode(production, token)).toBeUndefined();
  for (const index of token.length ? Array(token.length).keys() : []) {
    const other = token[index] === "A" ? "B" : "A";
    expect(tokens.decode(production, token.slice(0, index) + other + token.slice(index + 1))).toBeUndefined();
  }
});

test.each(["", "x", "damaged", "A".repeat(59), "A".repeat(58) + "=", "ä".repeat(59), "A".repeat(10_000)])(
  "%p is no token",
  (text) => {
    expect(tokens.decode(production, text)).toBeUndefined();
  },
);
