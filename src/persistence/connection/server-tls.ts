import { performance } from "node:perf_hooks";
import type { SslOptions } from "mysql2";
import { type ServerOptions, sslModeOf } from "./server-options";
import { type TlsMaterial, readTlsFiles } from "./tls-files";

/** Milliseconds after which a new connection reads the files again. */
const refresh = 1000;

/** TLS to a database server, with files that may change while they are in use. */
export class ServerTls {
  private readonly mode: ReturnType<typeof sslModeOf>;
  private material: TlsMaterial | undefined;
  private nextLook = 0;
  private fault = "";

  /** Calls `onFault` with a sentence if changed files cannot be used, once for each change. */
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
   * Returns mysql2's options for TLS, or undefined for plain text: PREFERRED means plain text on a socket of this
   * machine. Throws a TlsFileError if the files cannot be used. Each connection reads the properties again, and thereby
   * the files; files that do not fit together, as in the middle of a change, do not replace the former ones.
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
