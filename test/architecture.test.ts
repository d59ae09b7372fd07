import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

interface Source {
  /** Its path from the root, with slashes. */
  readonly file: string;
  readonly text: string;
}

/** Returns the TypeScript files of a folder, except for what is generated there. */
const sourcesIn = (folder: string): Source[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll(path.sep, "/")}`)
    .filter((file) => /\.tsx?$/.test(file) && !/^(?:test\/conformance\/[^/]+|src\/console)\/gen\//.test(file))
    .map((file) => ({ file, text: readFileSync(file, "utf8") }));

const sources = sourcesIn("src");

const specifier = /(?:\bfrom|\bimport|\brequire(?:\.resolve)?)\s*\(?\s*["'`]([^"'`]+)["'`]/g;

/** Returns what a file imports: files and folders as paths from the root, everything else as it is written. */
function importsOf({ file, text }: Source): string[] {
  return [...text.matchAll(specifier)].map(([, name = ""]) =>
    name.startsWith(".") ? path.posix.join(path.posix.dirname(file), name) : name,
  );
}

/** A path names a file, or a folder by its slash at the end. Everything that no path of `src` or `gen` is, is a library. */
interface Rule {
  /** The folder in `src` that the rule is about, or the names of files there. */
  readonly room: string;
  readonly files: RegExp;
  /** Other folders and files that the room may import, from the root. */
  readonly paths: readonly string[];
  readonly libraries: RegExp | "any";
}

const notOfTheDatabaseOrGrpc = /^(?!(?:typeorm|mysql2|libsql|@grpc\/|grpc-health-check|#descriptor-set))/;
const grpcLibraries =
  /^(?:@grpc\/[a-z-]+|grpc-health-check|@bufbuild\/protobuf\/wire|pino|async-mutex|node:[a-z0-9_/]+|#descriptor-set)$/;
const httpLibraries =
  /^(?:@connectrpc\/connect(?:\/[a-z-]+)?|@bufbuild\/protobuf(?:\/[a-z]+)?|node:[a-z0-9_/]+|#descriptor-set|#openapi)$/;
const none = /^\b$/;

/** What a database URL and the files of its TLS are: known before there is any connection. */
const databaseUrls = ["database-url", "server-options", "tls-files"].map((name) => `persistence/connection/${name}`);

const room = (name: string, paths: readonly string[], libraries: Rule["libraries"]): Rule => ({
  room: name,
  files: new RegExp(`^src/${name}/`),
  paths: [`src/${name}/`, ...paths.map((other) => (other.startsWith("gen") ? other : `src/${other}`))],
  libraries,
});

const rules: readonly Rule[] = [
  room("domain", [], none),
  room("event-loop", [], none),
  room("display", ["domain/"], none),
  room("application", ["domain/", "event-loop/"], none),
  room("auth", ["domain/", "display/"], notOfTheDatabaseOrGrpc),
  room("calls", ["domain/", "application/", "auth/", "event-loop/", "gen/google/"], notOfTheDatabaseOrGrpc),
  room(
    "api",
    ["domain/", "application/", "calls/", "event-loop/", "gen/"],
    /^(?:@bufbuild\/protobuf\/wire|node:crypto|node:buffer)$/,
  ),
  room("connections", ["domain/", "calls/closing", "calls/admission", "event-loop/"], /^node:[a-z0-9_/]+$/),
  room(
    "grpc",
    ["domain/", "calls/", "api/", "connections/", "application/", "event-loop/", "display/", "gen/"],
    grpcLibraries,
  ),
  room("http", ["domain/", "calls/", "api/", "connections/", "event-loop/", "gen/google/"], httpLibraries),
  room(
    "workos",
    [
      "domain/",
      "application/",
      "calls/",
      "api/",
      "http/exchange",
      "http/json-parts",
      "http/json-text",
      "http/read-body",
      "http/request-call",
      "http/router",
    ],
    /^(?:zod|@bufbuild\/protobuf(?:\/wkt)?|node:crypto)$/,
  ),
  room("persistence", ["domain/", "application/ports/", "event-loop/", "display/"], /^(?!@grpc\/|@bufbuild\/)/),
  room("jobs", ["domain/", "application/"], /^(?:pino|node:[a-z0-9_/]+)$/),
  room(
    "client",
    ["domain/", "display/", "gen/"],
    /^(?:@grpc\/grpc-js|@bufbuild\/protobuf(?:\/wkt)?|node:fs|#descriptor-set)$/,
  ),
  room(
    "observability",
    ["client/", "domain/", "display/", "calls/", "gen/grpc/health/"],
    /^(?!(?:typeorm|mysql2|libsql)$)/,
  ),
  room("config", ["domain/", "display/", "auth/", "observability/", ...databaseUrls], notOfTheDatabaseOrGrpc),
  room("workers", ["app/app", "domain/", "observability/"], notOfTheDatabaseOrGrpc),
  room(
    "cli",
    [
      "app/app",
      "app/commands",
      "application/",
      "domain/",
      "auth/",
      "client/",
      "gen/",
      "display/",
      "config/",
      "observability/",
      "workers/",
      ...databaseUrls,
    ],
    /^(?!@grpc\/)/,
  ),
  room(
    "app",
    [
      "api/",
      "application/",
      "auth/",
      "calls/",
      "config/",
      "connections/",
      "display/",
      "domain/",
      "grpc/",
      "http/",
      "jobs/",
      "observability/",
      "persistence/",
      "workos/",
    ],
    "any",
  ),
  room(
    "console",
    [],
    /^(?:react|@mantine\/|@tanstack\/|@connectrpc\/connect(?!-node)|@dnd-kit\/|@bufbuild\/|get-nonce|oauth4webapi)/,
  ),
  { room: "main.ts", files: /^src\/main\.ts$/, paths: ["src/cli/"], libraries: "any" },
];

const isLibrary = (imported: string) => !/^(?:src|gen)\//.test(imported);

function allows({ paths, libraries }: Rule, imported: string): boolean {
  if (isLibrary(imported)) return libraries === "any" || libraries.test(imported);
  return paths.some((other) => (other.endsWith("/") ? imported.startsWith(other) : imported === other));
}

const breaches = (rule: Rule, among: readonly Source[]) =>
  among
    .filter(({ file }) => rule.files.test(file))
    .flatMap((source) =>
      importsOf(source)
        .filter((imported) => !allows(rule, imported))
        .map((imported) => `${source.file} imports ${imported}`),
    );

test.each(rules)("$room imports only what is below it", (rule) => {
  expect(sources.some(({ file }) => rule.files.test(file))).toBe(true);
  expect(breaches(rule, sources)).toEqual([]);
});

const fileOf = (imported: string) =>
  sources.find(({ file }) => file === `${imported}.ts` || file === `${imported}/index.ts`)?.file;

/** Returns the circles of imports that a file leads to, each once: what `seen` has leads to no other. */
function circlesFrom(file: string, seen: Set<string>, way: readonly string[] = []): string[] {
  const start = way.indexOf(file);
  if (start >= 0) return [[...way.slice(start), file].join(" → ")];
  if (seen.has(file)) return [];
  seen.add(file);
  const source = sources.find((one) => one.file === file);
  const imported = source ? importsOf(source).flatMap((name) => fileOf(name) ?? []) : [];
  return imported.flatMap((next) => circlesFrom(next, seen, [...way, file]));
}

test("no file leads back to itself by its imports", () => {
  const seen = new Set<string>();
  expect(sources.flatMap(({ file }) => circlesFrom(file, seen))).toEqual([]);
});

const impure =
  /\basync\b|\bPromise\b|\bset(?:Immediate|Timeout|Interval)\b|\bBuffer\b|\bprocess\b|\bDate\.now\b|\bMath\.random\b/;
const comments = /\/\*[^]*?\*\/|\/\/.*/g;

test("the domain neither waits nor knows of clocks, chance and the process", () => {
  const domain = sources.filter(({ file }) => file.startsWith("src/domain/"));
  expect(domain.filter(({ text }) => impure.test(text.replace(comments, ""))).map(({ file }) => file)).toEqual([]);
});

const broken = ({ file, text }: Source) => rules.filter((rule) => breaches(rule, [{ file, text }]).length);

test.each([
  ["src/domain/role.ts", 'import { createHash } from "node:crypto";'],
  ["src/domain/role.ts", 'import type { Role } from "../../gen/orgroles/v1/role";'],
  ["src/domain/role.ts", 'export * from "../persistence/stores/role-store";'],
  ["src/domain/role.ts", 'import { memo } from "../event-loop/time-slices";'],
  ["src/domain/role.ts", 'const ulid = await import("ulid");'],
  ["src/application/roles/create-role.ts", 'import type { Role } from "../../../gen/orgroles/v1/role";'],
  ["src/application/roles/create-role.ts", 'import { Session } from "../../persistence/connection/session";'],
  ["src/application/roles/create-role.ts", 'import { statusOf } from "../../grpc/status";'],
  ["src/calls/admission.ts", 'import { status } from "@grpc/grpc-js";'],
  ["src/calls/admission.ts", 'import { GrpcServer } from "../grpc/server";'],
  ["src/calls/pipeline.ts", 'import { roleHandlers } from "../api/role-handlers";'],
  ["src/api/role-handlers.ts", 'import type { sendUnaryData } from "@grpc/grpc-js";'],
  ["src/observability/metrics.ts", 'import { closings } from "../grpc/connections";'],
  ["src/http/router.ts", 'import { GrpcServer } from "../grpc/server";'],
  ["src/http/router.ts", 'import { createRole } from "../application/roles/create-role";'],
  ["src/http/router.ts", 'import { status } from "@grpc/grpc-js";'],
  ["src/http/router.ts", 'import { WorkosApi } from "../workos/workos-api";'],
  ["src/workos/workos-call.ts", 'import { GrpcServer } from "../grpc/server";'],
  ["src/workos/role-endpoints.ts", 'import { Session } from "../persistence/connection/session";'],
  ["src/connections/connections.ts", 'import type { CallPipeline } from "../calls/pipeline";'],
  ["src/auth/jwt.ts", 'import { Metadata } from "@grpc/grpc-js";'],
  ["src/api/encode.ts", 'import {\n  DataSource,\n} from "typeorm";'],
  ["src/api/encode.ts", 'import { Database } from "../persistence/connection/database";'],
  ["src/api/encode.ts", 'import { createApp } from "../app";'],
  ["src/persistence/unit-of-work.ts", 'import { createRole } from "../application/roles/create-role";'],
  ["src/persistence/stores/role-store.ts", 'import { Role } from "../../../gen/orgroles/v1/role";'],
  ["src/persistence/stores/role-store.ts", 'import { statusOf } from "../../grpc/status";'],
  ["src/config/config.ts", 'const mysql = require("mysql2/promise");'],
  ["src/config/config.ts", 'import { Database } from "../persistence/connection/database";'],
  ["src/main.ts", 'import { Database } from "./persistence/connection/database";'],
  ["src/cli/migrate.ts", 'import { migrate } from "../persistence/migrations/migrate";'],
  ["src/cli/blueprints/apply.ts", 'import { openDatabase } from "../../persistence/connection/open-database";'],
])("in %s, %j breaks a rule", (file, text) => {
  expect(broken({ file, text })).toHaveLength(1);
});

test("only app/ sees all sides", () => {
  const text =
    'import { GrpcServer } from "../grpc/server";\nimport { Database } from "../persistence/connection/database";';
  expect(broken({ file: "src/app/app.ts", text })).toEqual([]);
});

const lock = /\.(?:touch|lockMemberRoles|closeToNewOrganizations)\(|\borganizations\s*\.lock\(/;

/** Returns the use cases that take a lock themselves. */
const lockers = (among: readonly Source[]) =>
  among
    .filter(({ file, text }) => /^src\/(?:application|jobs)\//.test(file) && lock.test(text))
    .map(({ file }) => file);

test("one file takes every lock", () => {
  expect(lockers(sources)).toEqual(["src/application/transactions/scope-locks.ts"]);
});

test.each(["environments.touch(uid)", "environments.lockMemberRoles(uid)", "organizations.lock(uid, ids)"])(
  "%s takes a lock",
  (text) => {
    expect(lockers([{ file: "src/application/roles/create-role.ts", text: `await stores.${text};` }])).toHaveLength(1);
  },
);

test("every file is in a room", () => {
  expect(sources.filter(({ file }) => !rules.some(({ files }) => files.test(file)))).toEqual([]);
});

test("no file is longer than 400 lines", () => {
  const long = [...sources, ...sourcesIn("test")].filter(({ text }) => text.split("\n").length > 401);
  expect(long.map(({ file }) => file)).toEqual([]);
});
