import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { Fault } from "../../domain/fault";
import { describeFileFault, showPath } from "../../display/shown-text";
import { type ServerOptions, sslModeOf } from "./server-options";

/** The content of the files, in PEM. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

type FileOption = "sslCa" | "sslCert" | "sslKey";

/** Some files for TLS cannot be used. The message names each and the fault, and repeats nothing of their content. */
export class TlsFileError extends Fault {
  constructor(readonly faults: readonly { readonly option: FileOption; readonly fault: string }[]) {
    super(faults.map(({ fault }) => fault).join("; "));
  }
}

/** Returns the content of the files. Throws a TlsFileError that names all files that cannot be used. */
export function readTlsFiles({ sslCa, sslCert, sslKey }: ServerOptions): TlsMaterial {
  const faults: { option: FileOption; fault: string }[] = [];
  const read = (option: FileOption, file: string | undefined, check: (text: string) => string | undefined) => {
    if (file === undefined) return undefined;
    const content = contentOf(file);
    const fault = "fault" in content ? content.fault : check(content.text);
    if (fault === undefined && "text" in content) return content.text;
    faults.push({ option, fault: "fault" in content ? content.fault : `${showPath(file)} ${fault}` });
    return undefined;
  };
  const material = {
    ca: read("sslCa", sslCa, faultOfCertificates),
    cert: read("sslCert", sslCert, faultOfCertificates),
    key: read("sslKey", sslKey, faultOfKey),
  };
  if (material.cert && material.key) {
    const fault = faultOfPair(material.cert, material.key);
    if (fault) faults.push({ option: "sslKey", fault: `${showPath(sslKey ?? "")} ${fault}` });
  }
  if (faults.length) throw new TlsFileError(faults);
  return material;
}

/** Returns the options that need another option which is not set. */
export function missingOptions(options: ServerOptions): { option: keyof ServerOptions; needs: FileOption }[] {
  const missing: { option: keyof ServerOptions; needs: FileOption }[] = [];
  if (options.sslCert !== undefined && options.sslKey === undefined)
    missing.push({ option: "sslCert", needs: "sslKey" });
  if (options.sslKey !== undefined && options.sslCert === undefined)
    missing.push({ option: "sslKey", needs: "sslCert" });
  // a public authority has certified many servers: without the name its certificate proves nothing
  if (sslModeOf(options) === "VERIFY_CA" && options.sslCa === undefined)
    missing.push({ option: "sslMode", needs: "sslCa" });
  return missing;
}

function contentOf(file: string): { text: string } | { fault: string } {
  try {
    return { text: readFileSync(file, "utf8") };
  } catch (error) {
    return { fault: describeFileFault(file, error) };
  }
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----[^]*?-----END \1-----/g;

function faultOfCertificates(text: string): string | undefined {
  const blocks = [...text.matchAll(block)];
  const certificates = blocks.filter(([, label]) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label ?? ""));
  if (!certificates.length)
    return blocks.some(([, label]) => label?.endsWith("PRIVATE KEY"))
      ? "contains a private key where a certificate is needed"
      : "contains no certificate in PEM";
  const broken = certificates.findIndex(([pem]) => !isCertificate(pem));
  return broken < 0 ? undefined : `contains a certificate that cannot be read, the one with the number ${broken + 1}`;
}

function isCertificate(pem: string): boolean {
  try {
    return Boolean(new X509Certificate(pem));
  } catch {
    return false;
  }
}

function faultOfKey(text: string): string | undefined {
  const key = [...text.matchAll(block)].find(([, label]) => label?.endsWith("PRIVATE KEY"));
  if (!key) return "contains no private key in PEM";
  if (key[1] === "ENCRYPTED PRIVATE KEY" || key[0].includes("ENCRYPTED")) return "contains an encrypted private key";
  try {
    createPrivateKey(key[0]);
    return undefined;
  } catch {
    return "contains a private key that cannot be read";
  }
}

function faultOfPair(cert: string, key: string): string | undefined {
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return /KEY_VALUES_MISMATCH|KEY_TYPE_MISMATCH/.test(code)
      ? "is not the key of the certificate"
      : `cannot be used with the certificate (${code})`;
  }
}
