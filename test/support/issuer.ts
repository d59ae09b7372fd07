import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, type JWK, SignJWT, exportJWK, generateKeyPair } from "jose";

export interface IssuerKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** An OpenID Connect issuer on this machine. */
export interface Issuer {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** What it publishes, and what it answers with when set. */
  keys: IssuerKey[];
  status: number;
  /** What discovery says it is; its own URL when undefined. */
  claimedIssuer: string | undefined;
  /** Where discovery says that the keys are; its own when undefined. */
  keysUrl: string | undefined;
  /** Answers requests for the keys in place of the issuer when set. */
  answerKeys: ((response: ServerResponse) => void) | undefined;
  /** More of what discovery says. */
  metadata: Readonly<Record<string, unknown>>;
  /** Answers a request in place of the issuer when set. Returns whether it did. */
  answer: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  sign(claims: Record<string, unknown>, options?: { key?: IssuerKey; header?: object }): Promise<string>;
  stop(): Promise<void>;
  isDown(): boolean;
  /** After a stop, on the same port. */
  start(): Promise<void>;
}

let made = 0;

export async function newKey(algorithm = "ES256"): Promise<IssuerKey> {
  made += 1;
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const kid = `key-${made}`;
  return { kid, algorithm, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm } };
}

export const audience = "orgroles-test";

export async function startIssuer(): Promise<Issuer> {
  let server: Server;
  let port = 0;
  const start = async () => {
    server = createServer((request, response) => {
      issuer.asked.push(request.url ?? "");
      if (issuer.answerKeys && request.url === "/keys") return issuer.answerKeys(response);
      if (issuer.answer?.(request, response)) return;
      response.setHeader("access-control-allow-origin", "*");
      response.writeHead(issuer.status, { "content-type": "application/json", connection: "close" });
      if (request.url === "/.well-known/openid-configuration")
        response.end(
          JSON.stringify({
            issuer: issuer.claimedIssuer ?? issuer.url,
            jwks_uri: issuer.keysUrl ?? `${issuer.url}/keys`,
            ...issuer.metadata,
          }),
        );
      else response.end(JSON.stringify({ keys: issuer.keys.map(({ publicJwk }) => publicJwk) }));
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  };
  const firstKey = await newKey();
  const issuer: Issuer = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    asked: [],
    keys: [firstKey],
    status: 200,
    claimedIssuer: undefined,
    keysUrl: undefined,
    answerKeys: undefined,
    metadata: {},
    answer: undefined,
    sign: (claims, { key = issuer.keys[0] ?? firstKey, header = {} } = {}) =>
      new SignJWT({
        iss: issuer.url,
        aud: audience,
        sub: "ann",
        exp: Math.floor(Date.now() / 1000) + 300,
        orgroles: { action: "read", environments: ["alpha"] },
        ...claims,
      })
        .setProtectedHeader({ alg: key.algorithm, kid: key.kid, ...header })
        .sign(key.privateKey),
    stop: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
    isDown: () => !server.listening,
    start,
  };
  await start();
  return issuer;
}
