import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

const folder = path.resolve("dist", "console");

test("the first load has at most 250 KB, compressed with gzip", () => {
  const index = readFileSync(path.join(folder, "index.html"), "utf8");
  const loaded = [...index.matchAll(/(?:src|href)="\/console\/(assets\/[^"]+)"/g)].map(([, name = ""]) => name);
  expect(loaded.length).toBeGreaterThan(1);
  const bytes = loaded.reduce((sum, name) => sum + gzipSync(readFileSync(path.join(folder, name))).length, 0);
  expect(bytes).toBeLessThan(250_000);
});

test("scripts and styles are also there compressed, and have a hash in their names", () => {
  const names = readdirSync(path.join(folder, "assets"));
  for (const name of names.filter((one) => /\.(?:js|css)$/.test(one))) {
    expect(name).toMatch(/-[\w-]{8}\.\w+$/);
    expect(names).toContain(`${name}.br`);
  }
});

test("the page has no script or style of its own, and each that it loads has the nonce", () => {
  const index = readFileSync(path.join(folder, "index.html"), "utf8");
  expect(index).not.toMatch(/<style|style="|<script(?![^>]* src=)/);
  for (const [tag] of index.matchAll(/<script[^>]*>/g)) expect(tag).toContain('nonce="__NONCE__"');
});
