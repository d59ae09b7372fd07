import * as fc from "fast-check";
import type { Blueprint } from "../../src/application/blueprints/blueprint";
import { write } from "../../src/cli/blueprints/write";
import { parseName } from "../../src/domain/values";
import { documentsOf, oddIds } from "../support/blueprint-documents";

const id = fc.stringMatching(/^[!-~]{1,64}$/);
const slug = fc.stringMatching(/^[a-z0-9]{1,8}([-_][a-z0-9]{1,8}){0,3}$/);
const permissionSlug = fc.stringMatching(/^[a-z0-9\-.:_*]{1,48}$/);
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 24 })
  .filter((text) => text.trim() === text && "value" in parseName(text));
const description = fc
  .string({
    unit: fc.constantFrom("a", "é", "\n", "\t", " ", "#", "-", ":", "|", "'", '"', "{", "---\n"),
    maxLength: 40,
  })
  .filter((text) => !/[^\P{Cc}\n\t]/u.test(text));
const permission = fc.record({ slug: permissionSlug, name, description });
const roleWith = (own: fc.Arbitrary<string>) =>
  fc.record({ slug: own, name, description, permissions: fc.array(permissionSlug, { maxLength: 4 }) });
const bySlug = { selector: ({ slug: one }: { slug: string }) => one, maxLength: 5 };
const customSlug = slug.map((text) => `org-${text}`);
const mapOf = <Value>(value: fc.Arbitrary<Value>) =>
  fc
    .uniqueArray(fc.tuple(id, value), { selector: ([key]) => key, minLength: 1, maxLength: 8 })
    .map((all) => new Map(all));

const blueprint: fc.Arbitrary<Blueprint> = fc.oneof(
  fc.record({
    kind: fc.constant("environment" as const),
    displayName: name,
    multipleRolesEnabled: fc.boolean(),
    permissions: fc.uniqueArray(permission, bySlug),
    roles: fc.uniqueArray(roleWith(slug), bySlug),
    defaultRole: slug,
  }),
  fc.record({
    kind: fc.constant("organization" as const),
    organizationId: id,
    roles: fc.uniqueArray(roleWith(customSlug), bySlug),
    defaultRole: slug,
    priority: fc.array(slug, { maxLength: 5 }),
    groups: mapOf(slug),
  }),
  fc.record({
    kind: fc.constant("members" as const),
    organizationId: id,
    members: mapOf(fc.array(slug, { minLength: 1, maxLength: 3 })),
  }),
);

test("what is written is read again, whatever ids, slugs and texts look like", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(blueprint, { minLength: 1, maxLength: 4 }), async (blueprints) => {
      const text = blueprints.map((one) => write("%YAML", one)).join("");
      const documents = await documentsOf(text);
      expect(documents.flatMap((document) => document.blueprints)).toEqual(
        blueprints.map((one) =>
          one.kind === "environment" && one.displayName === "%YAML" ? { ...one, displayName: undefined } : one,
        ),
      );
    }),
    { numRuns: 500 },
  );
});

test.each(oddIds)("the id %j is read as it was written", async (odd) => {
  const members = { kind: "members" as const, organizationId: odd, members: new Map([[odd, ["member"]]]) };
  const groups = { kind: "organization" as const, organizationId: odd, groups: new Map([[odd, "member"]]) };
  const [first, second] = await documentsOf(write(odd, members) + write(odd, groups));
  expect(first?.blueprints).toEqual([members]);
  expect(second?.blueprints).toEqual([groups]);
});

test("what looks like numbers, dates and nothing stays text as a key, and where it is no null", async () => {
  const [document] = await documentsOf(
    "organization: 1e3\nmembers:\n  null: 0x10\n  2024-01-01: [1, true]\n  ~: no\n  <<: 'null'\n  __proto__: !!str null\n",
  );
  expect(document?.blueprints).toEqual([
    {
      kind: "members",
      organizationId: "1e3",
      members: new Map([
        ["null", ["0x10"]],
        ["2024-01-01", ["1", "true"]],
        ["~", ["no"]],
        ["<<", ["null"]],
        ["__proto__", ["null"]],
      ]),
    },
  ]);
});

test.each([
  ["null", "default_role: null\nroles: ~\npermissions:\ndisplay_name: NULL\nmultiple_roles: Null"],
  ["JSON's null", '"default_role": null, "roles": null, "permissions": null}'],
])("%s is as absent as a key that is not there", async (_, rest) => {
  const [document] = await documentsOf(
    rest.endsWith("}") ? `{"environment": "dev", ${rest}` : `environment: dev\n${rest}`,
  );
  expect(document?.blueprints).toEqual([{ kind: "environment" }]);
});

test("an empty list is a list, and not absent", async () => {
  const [document] = await documentsOf("organization: o\nroles: []\npriority: []\ngroups: {}\n");
  expect(document?.blueprints).toEqual([
    { kind: "organization", organizationId: "o", roles: [], priority: [], groups: new Map() },
  ]);
});

const acme = { kind: "organization", organizationId: "acme", groups: new Map([["staff", "member"]]) };
const staff = "organization: acme\ngroups: {staff: member}\n";
test.each([
  ["a byte order mark", `\uFEFF${staff}`, 1],
  ["byte order marks of files put together", `\uFEFF${staff}\uFEFF---\n${staff}`, 2],
  ["line ends of Windows", staff.replaceAll("\n", "\r\n"), 1],
  ["no line end at all", staff.trimEnd(), 1],
  ["directives", `%YAML 1.2\n---\n${staff}...\n# more\n%YAML 1.1\n%TAG !e! tag:example.org,2026:\n---\n${staff}`, 2],
  ["a document on the line of its marker", "--- {organization: acme, groups: {staff: member}}\n", 1],
  ["comments everywhere", `# a\n--- # b\n# c\n${staff.replaceAll("\n", " # d\n")}... # e\n# f\n`, 1],
  ["anchors", "organization: &o acme\ngroups: &g\n  &s staff: &m member\n---\n" + staff, 2],
  ["tags of what everything is", "!!map\norganization: !!str acme\ngroups: !!map {! staff: !!str member}\n", 1],
  ["block scalars", "organization: |-\n  acme\ngroups:\n  staff: >-\n    member\n", 1],
  ["JSON", '{"organization": "acme", "groups": {"staff": "member"}}', 1],
])("%s may be", async (_, content, count) => {
  for (const size of [1, 7, 1000]) {
    const documents = await documentsOf(content, size);
    expect(documents.flatMap(({ blueprints }) => blueprints)).toEqual(Array.from({ length: count }, () => acme));
  }
});

test("aliases are what their anchors are", async () => {
  const [document] = await documentsOf(
    "environment: dev\nroles:\n- {slug: a, name: A, permissions: &p [x, y]}\n- {slug: b, name: B, permissions: *p}\n",
  );
  expect(document?.blueprints).toMatchObject([{ roles: [{ permissions: ["x", "y"] }, { permissions: ["x", "y"] }] }]);
});

test.each(["true", "True", "TRUE"])("multiple_roles may be %s", async (yes) => {
  const [document] = await documentsOf(`environment: dev\nmultiple_roles: ${yes}\n`);
  expect(document?.blueprints).toMatchObject([{ multipleRolesEnabled: true }]);
});

test.each([
  ["invoices:read", "invoices:read"],
  ["user_01ANN", "user_01ANN"],
  ["Café Manager", "Café Manager"],
  ["管理者", "管理者"],
  ["R&D", '"R&D"'],
  ["a: b", '"a: b"'],
  ["a #b", '"a #b"'],
  [" a", '" a"'],
  ["a ", '"a "'],
  ["a  b", '"a  b"'],
  ["a\nb\t", '"a\\nb\\t"'],
  ["👩‍💻", '"👩‍💻"'],
  ["a\u0085b\u2028c\u2029d\uFEFFe\uFFFE", '"a\\u0085b\\u2028c\\u2029d\\ufeffe\\ufffe"'],
  ["a\u202Eb", '"a\\u202eb"'],
  ...["no", "On", "y", "null", "NaN", "12:30:45", "1_000", "=", "<<", "~", "2024-01-01", ".inf", "-", "3m"].map(
    (word) => [word, `"${word}"`],
  ),
  ["x".repeat(150), "x".repeat(150)],
])("%j is written as %s", (given, written) => {
  const permissions = [{ slug: "p", name: "P", description: given }];
  expect(write("dev", { kind: "environment", permissions })).toContain(`\n    description: ${written}\n`);
});

test("a document of more members than a call takes is several blueprints", async () => {
  const members = Array.from({ length: 2500 }, (_, index) => `  user-${index}: member`).join("\n");
  const [document] = await documentsOf(`organization: acme\nmembers:\n${members}\n`);
  const sizes = document?.blueprints.map((one) => (one.kind === "members" ? one.members.size : 0));
  expect(sizes).toEqual([1000, 1000, 500]);
});

test("empty documents and comments are no documents, and places are counted without them", async () => {
  const documents = await documentsOf(
    "# roles\n---\n\n--- # the first\nenvironment: dev\n...\n---\norganization: acme\n",
  );
  expect(documents.map(({ place }) => place)).toEqual([
    "document 1 (environment dev)",
    "document 2 (organization acme)",
  ]);
});

test.each(["\u200b", "\u202eAdmin", "\ud83d"])(
  "a name %j is refused as by a call, also as an escape",
  async (given) => {
    const escaped = JSON.stringify(given).replace(
      /[^ -~]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const document = `environment: dev\npermissions: [{ slug: a, name: ${escaped} }]`;
    await expect(documentsOf(document)).rejects.toThrow(/permissions\[0\]\.name: must be 1–48 characters/);
  },
);
