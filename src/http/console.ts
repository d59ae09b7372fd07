import { randomBytes } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Headers, HttpExchange } from "./exchange";

/** The path of the console. Everything below it belongs to the console. */
export const consolePath = "/console/";

/** The text in index.html that becomes the nonce of a response. */
const noncePlaceholder = /__NONCE__/g;

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

/** Returns the headers of a page: its scripts and styles are its own, and it is in no frame and calls nobody else. */
const pageHeaders = (nonce: string): Headers => ({
  "content-security-policy": [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "x-frame-options": "DENY",
});

/**
 * Serves the built console from memory. A path is only looked up among the names of the files that were built, so that no
 * trick with paths leads anywhere else. A console that is built while the server runs is there with the next request.
 */
export class Console {
  private build: Build | undefined;
  private loading: Promise<Build | undefined> | undefined;

  constructor(private readonly folder: string) {}

  /** Reports whether the console has been built. */
  async isThere(): Promise<boolean> {
    return Boolean(await this.current());
  }

  /** Sends a file or a page. Returns whether there is one. */
  async serve(exchange: HttpExchange, name: string): Promise<boolean> {
    const build = await this.current();
    if (!build) return sendAbsence(exchange, name);
    const asset = build.assets.get(name);
    if (asset) sendAsset(exchange, name, asset);
    else if (isFile(name)) return false;
    else sendPage(exchange, build.index); // the page finds out by its path what to show
    return true;
  }

  private async current(): Promise<Build | undefined> {
    this.loading ??= this.load().finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async load(): Promise<Build | undefined> {
    try {
      const time = (await stat(path.join(this.folder, "index.html"))).mtimeMs;
      if (this.build?.time !== time) this.build = await readBuild(this.folder, time);
    } catch {
      this.build = undefined; // not built, or in the middle of it
    }
    return this.build;
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

/** Says why there is no console, and looks again soon: `npm start` builds it while it serves already. */
function sendAbsence(exchange: HttpExchange, name: string): boolean {
  if (isFile(name)) return false;
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<title>Org Roles</title><h1>The console is being built</h1>
<p>It appears here in a few seconds. Without npm start, "npm run build:console" builds it.</p></html>`;
  const headers = { ...pageHeaders(""), "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
  exchange.send(404, headers, Buffer.from(page));
  return true;
}

function sendPage(exchange: HttpExchange, index: string): void {
  const nonce = randomBytes(16).toString("base64");
  const headers = { ...pageHeaders(nonce), "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
  exchange.send(200, headers, Buffer.from(index.replaceAll(noncePlaceholder, nonce)));
}
