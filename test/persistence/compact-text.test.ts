import { randomBytes, randomInt } from "node:crypto";
import * as fc from "fast-check";
import { fromText, toText } from "../../src/persistence/stores/compact-text";
import { many } from "../support/many";

const kibibyte = 1024;
const characters = (alphabet: string, length: number) =>
  many(length, () => alphabet[randomInt(alphabet.length)]).join("");
const slug = () => characters("abcdefghijklmnopqrstuvwxyz0123456789", 48);
const id = () => characters(String.fromCharCode(...many(94, (index) => 33 + index)), 64);
const etag = () => randomBytes(12).toString("base64url");
const time = () => 1_800_000_000_000 + randomInt(1_000_000_000);

const permissions = many(2000, slug).sort();
const slugs = many(400, slug);

/** As SetPriority answers it at the largest: roles of 500 random permissions up to two mebibytes, and the order of 400. */
const order = () => ({
  roles: slugs.slice(0, 83).map((own, index) => ({
    id: `role_${characters("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26)}`,
    environmentId: "production",
    organizationId: "acme",
    slug: own,
    name: "Billing administrators",
    description: "",
    permissions: permissions.filter(() => randomInt(4) === 0).slice(0, 500),
    isDefault: index === 0,
    priority: index + 1,
    etag: etag(),
    createTime: time(),
    updateTime: time(),
  })),
  config: { defaultRoleSlug: slugs[0], priorityOrder: slugs, inheritsEnvironment: false, etag: etag() },
});

/** As BatchSetMemberRoles answers it at the largest: a mebibyte of random ids, and of roles in priority order. */
const memberships = () =>
  many(1000, () => {
    const roleSlugs = slugs.filter(() => randomInt(400) < 14);
    return {
      environmentId: "production",
      organizationId: id(),
      userId: id(),
      roleSlugs,
      primaryRoleSlug: roleSlugs[0],
      createTime: time(),
      updateTime: time(),
      etag: etag(),
    };
  });

test.each([
  ["SetPriority", order],
  ["BatchSetMemberRoles", memberships],
])("the largest answer of %s, all of it random, is kept in 256 KiB", async (_, make) => {
  const answer: unknown = make();
  const before = JSON.stringify(answer);
  expect(before.length).toBeGreaterThan(900 * kibibyte);
  const text = await toText(answer);
  expect(text.length).toBeLessThan(256 * kibibyte);
  expect(text).toMatch(/^[!-~]+$/);
  expect(JSON.stringify(await fromText(text))).toBe(before);
});

test("an answer that is not large is plain JSON, as other versions write and read it", async () => {
  const answer = { role: { slug: "admin", permissions: many(20, (index) => `invoices:${index}`) } };
  expect(await toText(answer)).toBe(JSON.stringify(answer));
});

test("an answer of an earlier version is read, however large it is", async () => {
  const answer = order();
  expect(await fromText(JSON.stringify(answer))).toEqual(answer);
});

test("any answer comes back as it was", async () => {
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom(...permissions.slice(0, 50)));
  const list = fc.array(text, { maxLength: 300 });
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      list,
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("roles", "config", "slug", "priorityOrder", "table", "answer"), tie("value")),
    ),
  })).value;
  const large = fc.record({ value, filling: fc.constant("x".repeat(5000)), list });
  await fc.assert(
    fc.asyncProperty(large, async (answer) => {
      const before = JSON.stringify(answer);
      expect(JSON.stringify(await fromText(await toText(answer)))).toBe(before);
    }),
    { numRuns: 60 },
  );
});
