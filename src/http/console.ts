import { randomBytes } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Headers, HttpExchange } from "./exchange";

/** The path of the console. Everything below it belongs to the console. */
export const consolePath = "/console/";

/** The texts in index.html that become the nonce of a response, and how people sign in. */
const noncePlaceholder = /__NONCE__/g;
const signInPlaceholder = "__SIGN_IN__";

export interface ConsoleOptions {
  /** The folder of the built console. */
  readonly folder: string;
  /** Origins whose pages may show the console in a frame. */
  readonly frameAncestors: readonly string[];
  /** The settings with which the page signs people in with OpenID Connect. Absent if they paste a token. */
  readonly signIn: { readonly issuer: string } | undefined;
}

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** A name with a hash of its content, which is therefore the same for ever. */
const hashed = /^assets\/[^/]+-[\w-]{8,}\.\w+$/;

/** Whether a path is that of a file. Ids of organizations and users may look like one. */
const isFile = (name: string) =>
  name.startsWith("assets/") || (/\.\w+$/.test(name) && !/^[^/]+\/(?:organizations|users)\/[^/]/.test(name));

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** The body as the build of the console compressed it with brotli. */
  readonly compressed: Buffer | undefined;
}

interface Build {
  /** When index.html was written: a newer one means another build. */
  readonly time: number;
  readonly index: string;
  readonly assets: ReadonlyMap<string, Asset>;
}

/** Returns the headers of a page: its scripts and styles are its own, and it calls nobody else but the issuer. */
const pageHeaders = ({ frameAncestors, signIn }: ConsoleOptions, nonce: string): Headers => ({
  "content-security-policy": [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${signIn ? ` ${new URL(signIn.issuer).origin}` : ""}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameAncestors.join(" ") || "'none'"}`,
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  ...(frameAncestors.length === 0 && { "x-frame-options": "DENY" }),
});

const html = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };

const escapeHtml = (text: string) => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * Serves the built console from memory. A path is only looked up among the names of the files that were built, so that no
 * trick with paths leads anywhere else. A console that is built while the server runs is there with the next request.
 */
export class Console {
  private build: Build | undefined;
  private loading: Promise<Build | undefined> | undefined;

  constructor(private readonly options: ConsoleOptions) {}

  /** Reports whether the console has been built. */
  async isThere(): Promise<boolean> {
    return Boolean(await this.current());
  }

  /** Sends a file or a page. Returns whether there is one. */
  async serve(exchange: HttpExchange, name: string): Promise<boolean> {
    const build = await this.current();
    if (!build) return this.sendAbsence(exchange, name);
    const asset = build.assets.get(name);
    if (asset) sendAsset(exchange, name, asset);
    else if (isFile(name)) return false;
    else this.sendPage(exchange, build.index); // the page finds out by its path what to show
    return true;
  }

  private async current(): Promise<Build | undefined> {
    this.loading ??= this.load().finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async load(): Promise<Build | undefined> {
    try {
      const { folder } = this.options;
      const time = (await stat(path.join(folder, "index.html"))).mtimeMs;
      if (this.build?.time !== time) this.build = await readBuild(folder, time);
    } catch {
      this.build = undefined; // not built, or in the middle of it
    }
    return this.build;
  }

  /** Says why there is no console, and looks again soon: `npm start` builds it while it serves already. */
  private sendAbsence(exchange: HttpExchange, name: string): boolean {
    if (isFile(name)) return false;
    const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<title>Org Roles</title><h1>The console is being built</h1>
<p>It appears here in a few seconds. Without npm start, "npm run build:console" builds it.</p></html>`;
    exchange.send(404, { ...pageHeaders(this.options, ""), ...html }, Buffer.from(page));
    return true;
  }

  private sendPage(exchange: HttpExchange, index: string): void {
    const { signIn } = this.options;
    const nonce = randomBytes(16).toString("base64");
    const page = index
      .replaceAll(noncePlaceholder, nonce)
      .replace(signInPlaceholder, () => (signIn ? escapeHtml(JSON.stringify(signIn)) : ""));
    exchange.send(200, { ...pageHeaders(this.options, nonce), ...html }, Buffer.from(page));
  }
}

async function readBuild(folder: string, time: number): Promise<Build> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    if (!entry.isFile()) continue; // no links
    const file = path.join(entry.parentPath, entry.name);
    files.set(path.relative(folder, file).replaceAll(path.sep, "/"), await readFile(file));
  }
  const assets = [...files].flatMap(([name, body]): [string, Asset][] => {
    const type = types[path.extname(name)];
    return type && name !== "index.html" ? [[name, { type, body, compressed: files.get(`${name}.br`) }]] : [];
  });
  return { time, index: files.get("index.html")?.toString() ?? "", assets: new Map(assets) };
}

function sendAsset(exchange: HttpExchange, name: string, { type, body, compressed }: Asset): void {
  const headers = {
    "content-type": type,
    "cache-control": hashed.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
    ...(compressed && { vary: "accept-encoding" }),
  };
  if (compressed && exchange.accepts("br")) exchange.send(200, { ...headers, "content-encoding": "br" }, compressed);
  else exchange.send(200, headers, body);
}
