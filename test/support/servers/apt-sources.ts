import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/** An archive with whole distributions, as the machine's apt knows it. */
export interface Mirror {
  readonly uri: string;
  /** Key files. */
  readonly signedBy: string | undefined;
}

interface Source {
  uris: string[];
  suites: string[];
  components: string[];
  signedBy: string | undefined;
}

const words = (text: string | undefined): string[] => (text ?? "").split(/\s+/).filter(Boolean);
const keyFiles = (text: string | undefined): string | undefined => (text?.startsWith("/") ? text : undefined);

/** `deb [options] uri suite component…` */
export function parseList(text: string): Source[] {
  return text.split("\n").flatMap((line) => {
    const found = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (!found) return [];
    const [, options, uri = "", suite = "", components] = found;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options ?? "")?.[1];
    return [{ uris: [uri], suites: [suite], components: words(components), signedBy: keyFiles(signedBy) }];
  });
}

/** Stanzas of `Field: value`, where a line that begins with a blank continues the value. */
export function parseDeb822(text: string): Source[] {
  const withoutComments = text.split("\n").filter((line) => !line.startsWith("#"));
  return withoutComments
    .join("\n")
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map<string, string>();
      for (const [, name = "", value = ""] of stanza.matchAll(/^([\w-]+):((?:.*)(?:\n[ \t].*)*)/gm))
        fields.set(name.toLowerCase(), value.trim());
      if (!words(fields.get("types")).includes("deb") || /^(no|false|0)$/i.test(fields.get("enabled") ?? "")) return [];
      return [
        {
          uris: words(fields.get("uris")),
          suites: words(fields.get("suites")),
          components: words(fields.get("components")),
          signedBy: keyFiles(fields.get("signed-by")),
        },
      ];
    });
}

/** Those that offer the running release itself, the likeliest first: not updates, security fixes, other projects. */
export function mirrors(sources: readonly Source[], codename: string): Mirror[] {
  const releases = new Set([codename, "oldstable", "stable", "testing", "unstable", "sid"]);
  return sources
    .filter(({ suites, components }) => components.includes("main") && suites.some((suite) => releases.has(suite)))
    .flatMap(({ uris, signedBy }) => uris.map((uri) => ({ uri, signedBy })))
    .filter(({ uri }) => /^(https?|file|mirror\+\w+):/.test(uri))
    .sort((a, b) => Number(isDebian(b)) - Number(isDebian(a)));
}

const isDebian = ({ uri, signedBy }: Mirror): boolean =>
  signedBy ? signedBy.includes("debian-archive") : /\/debian\/?$/.test(uri);

/** What apt reads on this machine; `etc` is for tests. */
export function readSources(etc = "/etc/apt"): Source[] {
  const parts = path.join(etc, "sources.list.d");
  const files = existsSync(parts) ? readdirSync(parts).map((name) => path.join(parts, name)) : [];
  return [path.join(etc, "sources.list"), ...files.sort()].flatMap((file) => {
    const parse = file.endsWith(".list") ? parseList : file.endsWith(".sources") ? parseDeb822 : undefined;
    return parse && existsSync(file) ? parse(readFileSync(file, "utf8")) : [];
  });
}
