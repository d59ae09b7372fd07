import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { type Plugin, defineConfig } from "vite";

const root = import.meta.dirname;
const packages = path.resolve(root, "../../node_modules");

const namesIn = (list: string) => list.split(",").flatMap((name) => name.trim() || []);

/**
 * Rewrites named imports of Mantine to the files that contain them. Through the index of the library every component is
 * in the first chunk, also those that only a lazy dialog uses.
 */
function importDeeply(): Plugin {
  const esm = path.join(packages, "@mantine/core/esm");
  const files = new Map<string, string>();
  for (const [, names = "", file = ""] of readFileSync(path.join(esm, "index.mjs"), "utf8").matchAll(
    /import \{ ([^}]+) \} from "([^"]+)"/g,
  ))
    for (const name of names.split(", ")) files.set(name, path.join(esm, file));
  const importOf = (name: string) => {
    if (name.startsWith("type ")) return `import { ${name} } from "@mantine/core";`;
    const file = files.get(name);
    if (!file) throw new Error(`@mantine/core has no file for ${name}`);
    return `import { ${name} } from ${JSON.stringify(file)};`;
  };
  return {
    name: "import-deeply",
    enforce: "pre",
    transform(code, id) {
      if (!id.startsWith(root) || !/\.tsx?$/.test(id)) return undefined;
      return code.replaceAll(/import \{([^}]*)\} from "@mantine\/core";/g, (_, list: string) =>
        namesIn(list).map(importOf).join(" "),
      );
    },
  };
}

/** Writes each text file a second time, compressed as well as brotli can. */
function compress(): Plugin {
  return {
    name: "compress",
    async writeBundle({ dir = "" }, bundle) {
      const names = Object.keys(bundle).filter((name) => /\.(?:js|css|svg)$/.test(name));
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
      for (const file of names.map((name) => path.join(dir, name)))
        await writeFile(`${file}.br`, brotliCompressSync(await readFile(file), { params }));
    },
  };
}

export default defineConfig({
  root,
  base: "/console/",
  plugins: [importDeeply(), compress()],
  html: { cspNonce: "__NONCE__" },
  build: {
    outDir: path.resolve(root, "../../dist/console"),
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "edge123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      onLog: (level, log, show) =>
        ["MODULE_LEVEL_DIRECTIVE", "PLUGIN_TIMINGS"].includes(log.code ?? "") || show(level, log),
    },
  },
});
