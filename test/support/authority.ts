import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface Pair {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  readonly alternatives?: x509.JsonGeneralNames;
  /** The end of the certificate, which is cut to a second; tomorrow unless set. */
  readonly notAfter?: Date;
}

export interface Authority {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  /** A certificate for a server on 127.0.0.1, or for a client. */
  issue(subject: Subject): Promise<Pair>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 3600 * 1000;
const validity = () => ({ notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) });
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

async function pairOf(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<Pair> {
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(key, "PRIVATE KEY") };
}

let made = 0;

/** An authority whose keys were made just now. */
export async function newAuthority(name = `authority-${(made += 1)}`): Promise<Authority> {
  const authorityKeys = await newKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true)],
    ...validity(),
  });
  return {
    name,
    certificate: authority.toString("pem"),
    issue: async ({ commonName, alternatives = [{ type: "ip", value: "127.0.0.1" }], notAfter }) => {
      const keys = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        issuer: authority.subject,
        subject: [{ CN: [commonName] }],
        publicKey: keys.publicKey,
        signingKey: authorityKeys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.SubjectAlternativeNameExtension(alternatives)],
        ...validity(),
        ...(notAfter && { notAfter }),
      });
      return pairOf(certificate, keys);
    },
  };
}

/** A certificate that nobody but itself vouches for. */
export async function selfSigned(commonName: string): Promise<Pair> {
  const keys = await newKeys();
  const name = [{ CN: [commonName] }];
  return pairOf(
    await x509.X509CertificateGenerator.createSelfSigned({ name, keys, signingAlgorithm: algorithm, ...validity() }),
    keys,
  );
}
