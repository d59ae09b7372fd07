import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { kindOf } from "../src/domain/errors";
import { referencePages } from "./support/reference-pages";

test.each(Object.entries(referencePages))("%s is made of the proto files", (file, page) => {
  const formatted = execFileSync("node_modules/.bin/prettier", ["--stdin-filepath", file], { input: page });
  expect(formatted.toString()).toBe(readFileSync(file, "utf8"));
});

test("the pages have every reason, every call and a text for every field", () => {
  const errors = referencePages["docs/reference/errors.md"];
  for (const reason of [...Object.keys(kindOf), "INTERNAL"]) expect(errors).toContain(`| \`${reason}\` |`);
  const calls = referencePages["docs/reference/calls.md"];
  const protos = ["access", "environment", "membership", "permission", "role"].map((name) =>
    readFileSync(`proto/orgroles/v1/${name}_service.proto`, "utf8"),
  );
  const rpcs = protos.flatMap((proto) => [...proto.matchAll(/^ {2}rpc (\w+)/gm)].map(([, name]) => name));
  expect(rpcs.length).toBeGreaterThan(30);
  for (const rpc of rpcs) expect(calls).toMatch(new RegExp(`^### ${rpc}\n\n\\w.+`, "m"));
  expect(calls).not.toMatch(/\| {2}\|$/m);
});
