import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

interface Source {
  /** Its path from the root, with slashes. */
  readonly file: string;
  readonly text: string;
}

const sources: Source[] = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/${name.replaceAll(path.sep, "/")}`)
  .map((file) => ({ file, text: readFileSync(file, "utf8") }));

const specifier = /(?:\bfrom|\bimport|\brequire(?:\.resolve)?)\s*\(?\s*["'`]([^"'`]+)["'`]/g;

/** What a file imports: files and folders by their paths from the root, everything else as it is written. */
function importsOf({ file, text }: Source): string[] {
  return [...text.matchAll(specifier)].map(([, name = ""]) =>
    name.startsWith(".") ? path.posix.join(path.posix.dirname(file), name) : name,
  );
}

const databaseLibraries = /^(?:typeorm|mysql2|libsql)(?:\/|$)/;
const grpcLibraries =
  /^(?:@grpc\/[a-z-]+|grpc-health-check|@bufbuild\/protobuf\/wire|rate-limiter-flexible|async-mutex|pino|node:[a-z0-9_/]+|#descriptor-set)$/;

interface Rule {
  readonly sentence: string;
  readonly files: RegExp;
  readonly allows: (imported: string) => boolean;
}

const rules: readonly Rule[] = [
  {
    sentence: "the domain imports nothing but itself",
    files: /^src\/domain\//,
    allows: (imported) => imported.startsWith("src/domain/"),
  },
  {
    sentence: "the transport imports the domain, who calls, generated code and its own libraries",
    files: /^src\/grpc\//,
    allows: (imported) => /^(?:src\/grpc|src\/auth|src\/domain|gen)\//.test(imported) || grpcLibraries.test(imported),
  },
  {
    sentence: "the persistence imports the domain, and neither transport nor generated code",
    files: /^src\/persistence\//,
    allows: (imported) =>
      /^src\/(?:persistence|domain)\//.test(imported) || !/^(?:src|gen)\/|^@grpc\/|protobuf/.test(imported),
  },
  {
    sentence: "only the persistence knows database libraries",
    files: /^src\/(?!persistence\/)/,
    allows: (imported) => !databaseLibraries.test(imported),
  },
  {
    sentence: "only app.ts sees both sides; what is beside it knows nothing of the database but how it is reached",
    files: /^src\/(?:cli\/|(?!app\.ts$)[^/]+$)/,
    allows: (imported) =>
      !/^src\/(?:grpc|persistence)\//.test(imported) ||
      /^src\/persistence\/(?:database-url|server-options|tls-files)$/.test(imported),
  },
  {
    sentence: "export and apply know the domain, and nothing of transport or database",
    files: /^src\/blueprints\//,
    allows: (imported) =>
      /^src\/(?:blueprints|domain|cli)\//.test(imported) || !/^(?:src|gen)\/|^@grpc\//.test(imported),
  },
  {
    sentence: "who calls is told by itself and the domain, whatever the transport is",
    files: /^src\/auth\//,
    allows: (imported) => /^src\/(?:auth|domain)\//.test(imported) || !/^(?:src|gen)\/|^@grpc\//.test(imported),
  },
];

const breaches = (rule: Rule, among: readonly Source[]) =>
  among
    .filter(({ file }) => rule.files.test(file))
    .flatMap((source) =>
      importsOf(source)
        .filter((imported) => !rule.allows(imported))
        .map((imported) => `${source.file} imports ${imported}`),
    );

test.each(rules)("$sentence", (rule) => {
  expect(sources.some(({ file }) => rule.files.test(file))).toBe(true);
  expect(breaches(rule, sources)).toEqual([]);
});

test.each([
  ["src/domain/role.ts", 'import { createHash } from "node:crypto";', [0]],
  ["src/domain/role.ts", 'import type { Role } from "../../gen/orgroles/v1/role";', [0]],
  ["src/domain/role.ts", 'export * from "../persistence/stores/role-store";', [0]],
  ["src/domain/role.ts", 'const ulid = await import("ulid");', [0]],
  ["src/grpc/codec.ts", 'import {\n  DataSource,\n} from "typeorm";', [1, 3]],
  ["src/grpc/codec.ts", 'import { Database } from "../persistence/database";', [1]],
  ["src/grpc/codec.ts", 'import { createApp } from "../app";', [1]],
  ["src/persistence/janitor.ts", 'import { bind } from "../grpc/unary";', [2]],
  ["src/persistence/stores/role-store.ts", 'import { Role } from "../../../gen/orgroles/v1/role";', [2]],
  ["src/config.ts", 'const mysql = require("mysql2/promise");', [3]],
  ["src/main.ts", 'import { Database } from "./persistence/database";', [4]],
  ["src/main.ts", 'import "./grpc/server";', [4]],
  ["src/cli/migrate.ts", 'import { migrate } from "../persistence/migrate";', [4]],
  ["src/blueprints/apply.ts", 'import { openDatabase } from "../persistence/data-source";', [5]],
  ["src/app.ts", 'import { bind } from "./grpc/unary";\nimport { Database } from "./persistence/database";', []],
])("in %s, %j breaks the rules %j", (file, text, broken) => {
  const found = rules.flatMap((rule, index) => (breaches(rule, [{ file, text }]).length ? [index] : []));
  expect(found).toEqual(broken);
});

test("no file is longer than 400 lines", () => {
  const long = sources.filter(({ text }) => text.split("\n").length > 401);
  expect(long.map(({ file }) => file)).toEqual([]);
});
