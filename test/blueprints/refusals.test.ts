import { readDocuments } from "../../src/cli/blueprints/documents";
import { refusalOf } from "../support/blueprint-documents";

const keysOfEnvironment =
  "environment, display_name, multiple_roles, escalation_guard, permissions, roles, default_role";
const keysOfOrganization = "organization, roles, default_role, priority, groups, members";
const slugRule = "must be 1–48 characters of a–z, 0–9, - and _, without leading, trailing or consecutive separators";

test.each([
  ["roles: []", "document 1, line 1: the document names neither an environment nor an organization"],
  ["\n- a", "document 1, line 2: the document names neither an environment nor an organization"],
  ["[]", "document 1, line 1: the document names neither an environment nor an organization"],
  ["environment: null", "document 1, line 1: the document names neither an environment nor an organization"],
  [
    "environment: dev\nrole: []",
    `document 1 (environment dev):\n  line 2: role: is an unknown key; the known keys are ${keysOfEnvironment}`,
  ],
  [
    "environment: dev\nroles:\n- slug: a\n  name: A\n  __proto__: ~",
    "document 1 (environment dev):\n  line 5: roles[0].__proto__: is an unknown key; the known keys are slug, name, description, permissions",
  ],
  [
    "organization: acme\nconstructor: x\n",
    `document 1 (organization acme):\n  line 2: constructor: is an unknown key; the known keys are ${keysOfOrganization}`,
  ],
  [
    "organization: acme\nmembers: {a: b}\nroles: []",
    "document 1 (organization acme):\n  line 3: roles: is an unknown key; the known keys are organization, members",
  ],
  [
    "environment: dev\nmultiple_roles: yes",
    "document 1 (environment dev):\n  line 2: multiple_roles: must be true or false",
  ],
  [
    "environment: dev\nroles: x\npermissions: {}\ndefault_role: [a]\n",
    "document 1 (environment dev):\n  line 2: roles: must be a list\n  line 3: permissions: must be a list\n  line 4: default_role: must be text",
  ],
  [
    "environment: dev\nroles:\n- slug: a\n- name: B\n  slug: null\n- null\n- a",
    "document 1 (environment dev):\n  line 3: roles[0].name: is required\n  line 5: roles[1].slug: is required\n" +
      "  line 6: roles[2]: must be a mapping, not null; use quotes for the text null or ~\n  line 7: roles[3]: must be a mapping",
  ],
  [
    "organization: acme\ngroups:\n  a: ~\n  b: [member]\n  c d: member",
    "document 1 (organization acme):\n  line 3: groups.a: must be text, not null; use quotes for the text null or ~\n" +
      "  line 4: groups.b: must be text\n  line 5: groups.c d: must be 1–64 printable ASCII characters without spaces",
  ],
  [
    "organization: acme\nmembers:\n  a: Not a slug\n  b: null\n  c: [x, null]",
    `document 1 (organization acme):\n  line 3: members.a: ${slugRule}\n` +
      "  line 4: members.b: must be a list, not null; use quotes for the text null or ~\n" +
      "  line 5: members.c[1]: must be text, not null; use quotes for the text null or ~",
  ],
  ["environment: dev\nroles:\n- {slug: a, name: A}\n- {slug: a, name: A}", 'line 4: roles[1].slug: repeats "a"'],
  ["organization: o\npriority:\n- a\n- b\n- a", 'line 5: priority[2]: repeats "a"'],
  ["environment: dev\npermissions: [{slug: A, name: A}]", "line 2: permissions[0].slug: must be"],
  ["environment: a b", "document 1 (environment):\n  line 1: environment: must be 1–64 printable ASCII"],
  ["organization: acme\nroles: [{slug: auditor, name: A}]", 'roles[0].slug: must begin with "org-", or end with'],

  ["environment: dev\nroles:\n  - {slug: a", "document 1, line 3: "],
  ["environment: a\n---\norganization: b\nroles:\n\t- a\n", "document 2, line 5: Tabs are not allowed as indentation"],
  ["environment: dev\nenvironment: dev", 'document 1, line 2: the key "environment" is already in line 1'],
  ['organization: o\ngroups: {a: b,\n  "a": c}', 'document 1, line 3: the key "a" is already in line 2'],
  ["environment: dev\n[a]: b\n", "document 1, line 2: a key must be text"],
  ['environment: "dev\n---\nb"\n', "document 1, line 1: Missing closing"],
  ["environment: a\n... b\n", "document 1, line 2: "],
  ["environment: dev\nx: ] ] ]\n", "document 1, line 2: "],
  ["%YAML 1.3\n---\nenvironment: a\n", "document 1, line 1: Unsupported YAML version 1.3"],
  ["%YAML 1.2\nenvironment: a\n", "document 1, line "],
  ["environment: !!binary ZGV2", "document 1, line 1: the tag !!binary is not supported; every value is text"],
  ["environment: a\nroles: !foo []", "document 1, line 2: the tag !foo is not supported; every value is text"],
  ["environment: !!python/object:os.system x", "the tag !!python/object:os.system is not supported"],
  ["environment: !!int 3", "the tag !!int is not supported"],
  ["environment: !!seq a", "the tag !!seq is not supported"],
  ["organization: a\ngroups: {!!null x: member}", "document 1, line 2: the tag !!null is not supported"],
  [
    "environment: dev\nroles:\n- &b {slug: a, name: A}\n- <<: *b\n  slug: c",
    "document 1, line 4: merge keys (<<) are not supported; repeat the keys",
  ],
  ["environment: dev\n<<: [{a: b}]", "document 1, line 2: merge keys (<<) are not supported; repeat the keys"],
  ["environment: *a", "document 1, line 1: the alias has no complete anchor before it"],
  ["environment: &a [*a]", "document 1, line 1: the alias has no complete anchor before it"],

  ["\uFEFF\nenvironment: a\u0007b", 'line 2: the character U+0007 must be in double quotes, written as "\\u0007"'],
  ["environment: dev\ndisplay_name: a\u2028b", "line 2: the character U+2028 must be in double quotes"],
  ["environment: dev\ndisplay_name: a\u0085b", "line 2: the character U+0085 must be in double quotes"],
  ["environment: dev\rroles: []", "line 1: the character U+000D must be in double quotes"],
  ["environment: dev\n\0", "line 2: there is a NUL byte (binary data or UTF-16 text); save the file as UTF-8"],
  [
    Buffer.from("environment: a\n\ndisplay_name: J\u00FCrgen\n", "latin1"),
    "line 3: the text is not UTF-8; save the file as UTF-8",
  ],
  [
    Buffer.from("environment: a\ndisplay_name: \u00FC", "latin1"),
    "line 2: the text is not UTF-8; save the file as UTF-8",
  ],
  [Buffer.from("\uFEFFenvironment: a\n", "utf16le"), "line 1: the file is UTF-16 text; save the file as UTF-8"],
  [
    Buffer.from("\uFEFFenvironment: a\n", "utf16le").swap16(),
    "line 1: the file is UTF-16 text; save the file as UTF-8",
  ],
  [Buffer.from("environment: a\n", "utf16le"), "line 1: there is a NUL byte (binary data or UTF-16 text)"],
])("%j is refused with a sentence that names place and rule", async (content, sentence) => {
  for (const size of [1, 9, 1000]) expect(await refusalOf(content, size)).toContain(sentence);
});

const laughs = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"];
for (let level = 1; level < 9; level += 1)
  laughs.push(`${"abcdefghi"[level]}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);

test.each([
  [
    "aliases of aliases of aliases",
    `environment: dev\n${laughs.join("\n")}\n`,
    "aliases expand to more than 1000000 values",
  ],
  [
    "10 000 open brackets",
    `environment: dev\nx: ${"[".repeat(10_000)}`,
    "line 2: lists and mappings are nested more than 50 levels deep",
  ],
  ["10 000 nested mappings", `environment: dev\nx: ${"{a: ".repeat(10_000)}`, "nested more than 50 levels deep"],
  [
    "10 000 nested lists",
    `environment:\n  ${"- ".repeat(10_000)}`,
    "line 2: lists and mappings are nested more than 50 levels deep",
  ],
  [
    "a document of very many values",
    `environment: dev\nx: [${"a,".repeat(2_700_000)}]`,
    "line 2: the document is too large",
  ],
  [
    "a line of more than 16 MiB",
    `environment: ${"a".repeat(17 * 1024 * 1024)}`,
    "line 1 is longer than 16777216 bytes",
  ],
  [
    "blank lines of more than 16 MiB",
    "\n".repeat(17 * 1024 * 1024),
    "line 16777217: the document is longer than 16777216 bytes",
  ],
])("%s are refused before they take much", async (_, content, sentence) => {
  expect(await refusalOf(content, 65_536)).toContain(sentence);
});

test("of many faults some are shown, and the others counted", async () => {
  const members = Array.from({ length: 1000 }, (_, index) => `  user-${index}: A`).join("\n");
  const lines = (await refusalOf(`organization: acme\nmembers:\n${members}`, 1000)).split("\n");
  expect(lines).toHaveLength(22);
  expect(lines[20]).toMatch(/^ {2}line 22: members\.user-19: must be/);
  expect(lines[21]).toBe("  and 980 more");
});

async function* endless(): AsyncGenerator<Buffer> {
  yield Buffer.from("organization: acme\nmembers:\n");
  for (let index = 0; ; index += 1) yield Buffer.from(`  user-${index}: member\n`);
}

test("a document that never ends is refused before it is there", async () => {
  await expect(readDocuments(endless()).next()).rejects.toThrow(
    /^line \d+: the document is longer than 16777216 bytes/,
  );
});
