import * as fc from "fast-check";
import { type Document, read, write } from "../../src/blueprints/documents";
import type { Blueprint } from "../../src/domain/blueprint";
import { parseName } from "../../src/domain/fields";

async function* linesOf(text: string): AsyncGenerator<string> {
  for (const line of text.split("\n")) yield line;
}

async function documentsOf(text: string): Promise<Document[]> {
  const documents: Document[] = [];
  for await (const document of read(linesOf(text))) documents.push(document);
  return documents;
}

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

const plain = (value: Blueprint) => ({
  ...value,
  ...("groups" in value && { groups: Object.fromEntries(value.groups ?? []) }),
  ...("members" in value && { members: Object.fromEntries(value.members) }),
});

test("what is written is read again, whatever ids, slugs and texts look like", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(blueprint, { minLength: 1, maxLength: 4 }), async (blueprints) => {
      const text = blueprints.map((one) => write("%YAML", one)).join("");
      const documents = await documentsOf(text);
      expect(documents.flatMap((document) => document.blueprints.map(plain))).toEqual(
        blueprints.map((one) =>
          one.kind === "environment" && one.displayName === "%YAML"
            ? { ...plain(one), displayName: undefined }
            : plain(one),
        ),
      );
    }),
    { numRuns: 500 },
  );
});

test("what looks like numbers, dates and nothing stays text", async () => {
  const [document] = await documentsOf("organization: 1e3\nmembers:\n  null: 0x10\n  2024-01-01: [1, true]\n  ~: no");
  expect(document?.blueprints.map(plain)).toEqual([
    {
      kind: "members",
      organizationId: "1e3",
      members: { null: ["0x10"], "2024-01-01": ["1", "true"], "~": ["no"] },
    },
  ]);
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

test.each([
  ["roles: []", "document 1 names neither an environment nor an organization"],
  ["- a", "document 1 names neither an environment nor an organization"],
  ["environment: dev\nroles:\n  - {slug: a", /^document 1: Flow map in block collection/],
  ["environment: dev\nenvironment: dev", /^document 1: Map keys must be unique/],
  ["environment: dev\nrole: []", 'document 1 (environment dev):\n  the document: Unrecognized key: "role"'],
  ["environment: dev\nmultiple_roles: yes", /^document 1 \(environment dev\):\n {2}multiple_roles: /],
  [
    "environment: dev\nroles: [{slug: a__b, name: A}, {slug: ok, name: ''}]",
    /roles\[0\]\.slug: must be 1–48 characters.*\n {2}roles\[1\]\.name: must be 1–48/,
  ],
  ["environment: dev\nroles: [{slug: a, name: A}, {slug: a, name: A}]", "  roles[1].slug: repeats a"],
  ["environment: dev\npermissions: [{slug: A, name: A}]", /permissions\[0\]\.slug: must be/],
  ["environment: a b", /environment: must be 1–64 printable ASCII/],
  [
    "organization: acme\nroles: [{slug: auditor, name: A}]",
    "roles[0].slug: must begin with org-, or end with - and six characters as generated slugs do",
  ],
  ["organization: acme\ngroups: {'a b': member}", /groups\.a b: /],
  ["organization: acme\nmembers: {ann: [Not a slug]}", /members\.ann/],
  ["organization: acme\nmembers: {}\nroles: []", 'Unrecognized key: "roles"'],
])("%j is refused with a sentence that says where and why", async (text, sentence) => {
  const refused: unknown = await documentsOf(text).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    message: typeof sentence === "string" ? expect.stringContaining(sentence) : expect.stringMatching(sentence),
  });
});

async function* endless(): AsyncGenerator<string> {
  yield "organization: acme";
  yield "members:";
  for (let index = 0; ; index += 1) yield `  user-${index}: member`;
}

test("a document that would need much memory is refused before it is there", async () => {
  const all = read(endless());
  await expect(all.next()).rejects.toThrow(/^document 1 is longer than 16777216 characters/);
});

test.each(["\u200b", "\u202eAdmin", "\ud83d"])("a name %j is refused as by a call, also as an escape", async (text) => {
  const escaped = JSON.stringify(text).replace(
    /[^ -~]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const document = `environment: dev\npermissions: [{ slug: a, name: ${escaped} }]`;
  await expect(documentsOf(document)).rejects.toThrow(/permissions\[0\]\.name: must be 1–48 characters/);
});
