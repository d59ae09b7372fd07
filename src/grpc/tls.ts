import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ServerCredentials, experimental } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { Fault } from "../domain/fault";
import { escapeUnseen, showPath } from "../display/shown-text";

export interface TlsFiles {
  /** The certificate with its chain, in PEM. */
  readonly certificate: string;
  /** The private key, in PEM. */
  readonly key: string;
  /** The authority that signs the certificates of clients, in PEM. Absent if clients have no certificates. */
  readonly clientAuthority: string | undefined;
}

/** The time in milliseconds after which changed files are used. */
const refresh = 5000;

interface Loaded {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly caCertificate: Buffer;
}

type Listeners = {
  ca: Set<experimental.CaCertificateUpdateListener>;
  identity: Set<experimental.IdentityCertificateUpdateListener>;
};

/**
 * Certificates from files that may change while the server runs. While the files do not fit together, as in the middle of a
 * change, the last good certificates stay in use.
 */
export class Certificates implements experimental.CertificateProvider {
  private readonly listeners: Listeners = { ca: new Set(), identity: new Set() };
  private readonly timer: NodeJS.Timeout;
  private readonly changed: (() => void)[] = [];

  private constructor(
    private readonly files: TlsFiles,
    private loaded: Loaded,
    private readonly log: Logger,
  ) {
    this.timer = setInterval(() => void this.reload(), refresh).unref();
  }

  /** Throws if the files cannot be used. */
  static async open(files: TlsFiles, log: Logger): Promise<Certificates> {
    return new Certificates(files, await Certificates.check(files), log);
  }

  /** Throws if the files cannot be used. */
  static async check(files: TlsFiles): Promise<Loaded> {
    try {
      return await load(files);
    } catch (error) {
      const { certificate, key, clientAuthority } = files;
      const names = [certificate, key, clientAuthority]
        .filter((name) => name !== undefined)
        .map(showPath)
        .join(", ");
      throw new Fault(`The files for TLS cannot be used (${names}): ${reasonOf(error)}`);
    }
  }

  /** Returns credentials for a server, with TLS 1.2 or newer. A client without a certificate may still have a token. */
  credentials(): ServerCredentials {
    const authority = this.files.clientAuthority === undefined ? null : this;
    return experimental.createCertificateProviderServerCredentials(this, authority, false);
  }

  /** Returns the certificates for a listener other than gRPC's; `ca` is the authority of client certificates. */
  current(): { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined } {
    const { certificate, privateKey, caCertificate } = this.loaded;
    return { cert: certificate, key: privateKey, ca: caCertificate.length ? caCertificate : undefined };
  }

  /** Calls the listener after each change of the certificates. */
  onChange(listener: () => void): void {
    this.changed.push(listener);
  }

  close(): void {
    clearInterval(this.timer);
  }

  async reload(): Promise<void> {
    try {
      const loaded = await load(this.files);
      if (Object.keys(loaded).every((name) => loaded[name as keyof Loaded].equals(this.loaded[name as keyof Loaded])))
        return;
      this.loaded = loaded;
      for (const listener of this.listeners.identity) listener(loaded);
      for (const listener of this.listeners.ca) listener(loaded);
      for (const listener of this.changed) listener();
      this.log.info("certificates reloaded");
    } catch (error) {
      this.log.warn(
        { err: error, why: reasonOf(error) },
        "the changed certificates cannot be used; those before stay in use",
      );
    }
  }

  // grpc-js misses what a listener reports before it has been added
  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.listeners.ca.add(listener);
    process.nextTick(listener, this.loaded);
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.listeners.ca.delete(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.listeners.identity.add(listener);
    process.nextTick(listener, this.loaded);
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.listeners.identity.delete(listener);
  }
}

/** Returns the reason of an OpenSSL error, which is from a fixed list. Other messages may repeat content of the files. */
function reasonOf(error: unknown): string {
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (error instanceof Fault) return error.message;
  const isOpenssl = typeof code === "string" && code.startsWith("ERR_OSSL_") && typeof reason === "string";
  return isOpenssl ? escapeUnseen(reason) : "a file cannot be read, or is no PEM";
}

async function load({ certificate, key, clientAuthority }: TlsFiles): Promise<Loaded> {
  const [cert, privateKey, ca] = await Promise.all([
    readFile(certificate),
    readFile(key),
    clientAuthority === undefined ? Buffer.alloc(0) : readFile(clientAuthority),
  ]);
  createSecureContext({ cert, key: privateKey });
  // a context accepts any bytes as an authority
  if (clientAuthority !== undefined && !new X509Certificate(ca).ca)
    throw new Fault(`${showPath(clientAuthority)} is not the certificate of an authority`);
  return { certificate: cert, privateKey, caCertificate: ca };
}
