import * as fc from "fast-check";
import {
  type Slug,
  generateSlug,
  parseCustomSlug,
  parseEnvironmentSlug,
  parseSlug,
  slugUniqueness,
  suggestCustomSlug,
  suggestEnvironmentSlug,
} from "../../src/domain/slug";
import { parseName } from "../../src/domain/values";

const accepts = (parse: (text: string) => object, text: string) => "value" in parse(text);
const roleId = "role_01KB3V6Q4M5T8XW9ZC7R2NHEFG";
const names = fc.string({ unit: "binary", maxLength: 60 }).filter((name) => accepts(parseName, name));
const lookalikes = fc.stringMatching(/^[oOrRgG_\- a1]{1,48}$/).filter((name) => accepts(parseName, name));

test.each([
  ["one character", "a", true],
  ["48 characters", "a".repeat(48), true],
  ["49 characters", "a".repeat(49), false],
  ["nothing", "", false],
  ["digits", "007", true],
  ["single separators of both kinds", "a-b_c", true],
  ["a leading -", "-a", false],
  ["a leading _", "_a", false],
  ["a trailing -", "a-", false],
  ["a trailing _", "a_", false],
  ["--", "a--b", false],
  ["__", "a__b", false],
  ["-_", "a-_b", false],
  ["_-", "a_-b", false],
  ["capitals", "Admin", false],
  ["a letter beyond ASCII", "café", false],
  ["a space", "a b", false],
  ["a trailing newline", "admin\n", false],
  ["a NUL byte", "a\0b", false],
])("a slug with %s", (_, text, valid) => {
  expect(accepts(parseSlug, text)).toBe(valid);
});

test.each([
  ["org-billing", false, true],
  ["billing", true, false],
  ["org-", false, false],
  ["org", true, false],
  ["org_billing", true, false],
  ["organization", true, false],
  ["org--a", false, false],
  [`org-${"a".repeat(44)}`, false, true],
  [`org-${"a".repeat(45)}`, false, false],
])("%s for an environment role: %s, explicitly for a custom role: %s", (text, environment, custom) => {
  expect(accepts(parseEnvironmentSlug, text)).toBe(environment);
  expect(accepts(parseCustomSlug, text)).toBe(custom);
});

test.each([
  ["Billing Admin", "billing-admin"],
  ["  R&D / Ops  ", "rd-ops"],
  ["Café Manager", "caf-manager"],
  ["管理者", "role"],
  ["Org Admin", "admin"],
  ["a__b--c_-d", "a_b-c_d"],
  ["a".repeat(48), "a".repeat(41)],
  ["org", "role"],
  ["org-org-org-admin", "admin"],
  ["Org Org", "role"],
  ["-- !! --", "role"],
  ["a\u00A0b", "a-b"],
  [`${"a".repeat(40)} b`, "a".repeat(40)],
])("the slug of %j is made of %s and the end of the id", (name, stem) => {
  expect(generateSlug(name, roleId)).toBe(`${stem}-2nhefg`);
});

test("a generated slug is always valid, never begins with org-, and keeps its suffix", () => {
  fc.assert(
    fc.property(fc.oneof(names, lookalikes), (name) => {
      const slug = generateSlug(name, roleId);
      expect(accepts(parseEnvironmentSlug, slug)).toBe(true);
      expect(slug).toMatch(/-2nhefg$/);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["Billing Admin", [], "org-billing-admin"],
  ["Billing Admin", ["org-billing-admin"], "org-billing-admin-2"],
  ["Billing Admin", ["org-billing-admin", "org-billing-admin-2"], "org-billing-admin-3"],
  ["Org Admin", [], "org-admin"],
  ["管理者", [], "org-role"],
  ["a".repeat(48), [], `org-${"a".repeat(44)}`],
  ["a".repeat(48), [`org-${"a".repeat(44)}`], `org-${"a".repeat(42)}-2`],
])("for %j, with %j taken, %s is suggested", (name, taken, expected) => {
  expect(suggestCustomSlug(name, new Set(taken))).toBe(expected);
});

test.each([
  ["Billing Admin", [], "billing-admin"],
  ["Billing Admin", ["billing-admin", "org-billing-admin"], "billing-admin-2"],
  ["Org Admin", [], "admin"],
  ["管理者", ["role", "role-2"], "role-3"],
  ["a".repeat(48), ["a".repeat(48)], `${"a".repeat(46)}-2`],
])("for an environment role %j, with %j taken, %s is suggested", (name, taken, expected) => {
  const slug = suggestEnvironmentSlug(name, new Set(taken));
  expect(slug).toBe(expected);
  expect(accepts(parseEnvironmentSlug, slug)).toBe(true);
});

test("a suggested slug is always valid and free", () => {
  fc.assert(
    fc.property(fc.oneof(names, lookalikes), fc.nat(12), (name, count) => {
      const taken = new Set<string>();
      for (let index = 0; index < count; index += 1) taken.add(suggestCustomSlug(name, taken));
      const slug = suggestCustomSlug(name, taken);
      expect(taken.size).toBe(count);
      expect(taken).not.toContain(slug);
      expect(accepts(parseCustomSlug, slug)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ["org-lead", "organization"],
  ["org-", "organization"],
  ["org", "environment"],
  ["orgs-lead", "environment"],
  ["lead-a1b2c3", "environment"],
])("the slug %j of a live role is unique in the %s", (slug, scope) => {
  expect(slugUniqueness(slug as Slug)).toBe(scope);
});
