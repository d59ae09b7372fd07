import { z } from "zod";
import { Fault } from "../domain/fault";
import { describeUrl, issuerUrlFault } from "./issuer-url";

/** Reports that a token cannot be verified because of its issuer, not because of the token. */
export class IssuerFailure extends Fault {}

/** Maximum number of bytes of a document after decompression, and of keys in a document. */
const longestDocument = 1024 * 1024;
const mostKeys = 1000;

/** The public parts of a key. A key with private parts is rejected: everybody who has read it could sign tokens. */
const key = z.object({
  kty: z.enum(["RSA", "EC", "OKP"]),
  kid: z.string().optional(),
  alg: z.string().optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  d: z.undefined().optional(),
});
const keySet = z.object({ keys: z.array(z.unknown()).max(mostKeys) });
const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** Reads the URL of the keys of an issuer by OpenID Connect discovery. */
export async function discoverKeys(issuer: string, signal: AbortSignal): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = discovery.safeParse(await readDocument(url, signal)).data;
  if (!found) throw new IssuerFailure(`${describeUrl(url)} does not contain issuer and jwks_uri`);
  if (found.issuer !== issuer) throw new IssuerFailure(`${describeUrl(url)} belongs to another issuer`);
  const fault = issuerUrlFault(found.jwks_uri);
  if (fault) throw new IssuerFailure(`The jwks_uri of ${describeUrl(url)} ${fault}`);
  return found.jwks_uri;
}

/** Reads the public keys of an issuer. Omits entries that are not keys for signatures. */
export async function readKeys(url: string, signal: AbortSignal): Promise<{ keys: object[] }> {
  const set = keySet.safeParse(await readDocument(url, signal)).data;
  if (!set) throw new IssuerFailure(`${describeUrl(url)} is not a list of at most ${mostKeys} keys`);
  return { keys: set.keys.flatMap((one) => key.safeParse(one).data ?? []) };
}

async function readDocument(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, { signal, redirect: "manual", headers: { accept: "application/json" } });
    if (response.status === 200) return JSON.parse(await textOf(response)) as unknown;
    await response.body?.cancel();
    throw new IssuerFailure(`${describeUrl(url)} returned HTTP status ${response.status}`);
  } catch (error) {
    if (error instanceof IssuerFailure) throw error;
    throw new IssuerFailure(`${describeUrl(url)} cannot be read`, { cause: error });
  }
}

/** Reads the text of a response. Throws if it is too long: the peer may send any length. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > longestDocument)
      throw new IssuerFailure(`${describeUrl(response.url)} is longer than ${longestDocument} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString();
}
