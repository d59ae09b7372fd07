import { performance } from "node:perf_hooks";
import type { SslOptions } from "mysql2";
import { type ServerOptions, sslModeOf } from "./server-options";
import { type TlsMaterial, readTlsFiles } from "./tls-files";

/** Milliseconds after which a new connection has the files read again. */
const refresh = 1000;

/** TLS towards a database server, with files that may change while they are in use. */
export class ServerTls {
  private readonly mode: ReturnType<typeof sslModeOf>;
  private material: TlsMaterial | undefined;
  private nextLook = 0;
  private fault = "";

  /** `onFault` is called with a sentence when changed files cannot be used, once for each change. */
  constructor(
    private readonly options: ServerOptions,
    private readonly onFault: (fault: string) => void = () => undefined,
  ) {
    this.mode = sslModeOf(options);
  }

  /** Whether a server without TLS is acceptable. */
  get isOptional(): boolean {
    return this.mode === "PREFERRED";
  }

  /**
   * Returns what mysql2 needs for TLS, or undefined for plain text, which is also what a mere preference means on a
   * socket of this machine. Throws a TlsFileError when the files cannot be used. Each connection reads the properties
   * again, and thereby the files: those that do not fit together, as in the middle of a change, are left alone.
   */
  sslOptions(): SslOptions | undefined {
    if (this.mode === "DISABLED" || (this.isOptional && this.options.socket !== undefined)) return undefined;
    this.material ??= readTlsFiles(this.options);
    const current = () => this.current();
    const isVerified = this.mode.startsWith("VERIFY");
    return {
      rejectUnauthorized: isVerified,
      verifyIdentity: this.mode === "VERIFY_IDENTITY",
      get ca() {
        return isVerified ? current().ca : undefined;
      },
      get cert() {
        return current().cert;
      },
      get key() {
        return current().key;
      },
    } as SslOptions;
  }

  private current(): TlsMaterial {
    const now = performance.now();
    if (!this.material || now >= this.nextLook) {
      this.nextLook = now + refresh;
      try {
        this.material = readTlsFiles(this.options);
        this.fault = "";
      } catch (error) {
        const fault = (error as Error).message;
        if (fault !== this.fault) this.onFault(fault);
        this.fault = fault;
      }
    }
    return this.material ?? {};
  }
}
