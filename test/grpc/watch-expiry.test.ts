import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { credentials as channels } from "@grpc/grpc-js";
import { tokenDigest } from "../../src/auth/authenticator";
import { type Authority, newAuthority } from "../support/authority";
import { type Identity, bearer } from "../support/client";
import { engines } from "../support/engines";
import { after, fromNow, watchEvents } from "../support/event-watch";
import { type Issuer, audience, startIssuer } from "../support/issuer";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";

const root = "token-of-root";
/** Seconds after its end for which a token is accepted. */
const tolerance = 5;

let folder: string;
let issuer: Issuer;
let authority: Authority;
let service: TestService;
let trusted: Buffer;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  issuer = await startIssuer();
  authority = await newAuthority();
  trusted = Buffer.from(authority.certificate);
  const file = (name: string, content: string) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const { certificate, key } = await authority.issue({ commonName: "server" });
  const credentials = [
    { name: "root", token_sha256: tokenDigest(root).toString("hex"), action: "admin", environments: "*" },
    { name: "billing", certificate: "billing", action: "read", environments: ["alpha"] },
  ];
  const settings = {
    ORGROLES_CREDENTIALS: JSON.stringify(credentials),
    ORGROLES_JWT_ISSUER: issuer.url,
    ORGROLES_JWT_AUDIENCE: audience,
    ORGROLES_TLS_CERT_FILE: file("server.crt", certificate),
    ORGROLES_TLS_KEY_FILE: file("server.key", key),
    ORGROLES_TLS_CLIENT_CA_FILE: file("clients.crt", authority.certificate),
  };
  const identity = { channel: channels.createSsl(trusted), ...bearer(root) };
  service = await startService(present(engines[0]), settings, undefined, identity);
});
afterAll(async () => {
  await service?.drop();
  await issuer?.stop();
  rmSync(folder, { recursive: true });
});

const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1000) + seconds;

async function withToken(seconds: number): Promise<Identity> {
  const token = await issuer.sign({ exp: inSeconds(seconds - tolerance) });
  return { channel: channels.createSsl(trusted), ...bearer(token) };
}

async function withCertificate(seconds: number): Promise<Identity> {
  const notAfter = new Date(inSeconds(seconds) * 1000);
  const { certificate, key } = await authority.issue({ commonName: "billing", notAfter });
  return { channel: channels.createSsl(trusted, Buffer.from(key), Buffer.from(certificate)) };
}

test.each([
  ["a token", withToken],
  ["a client certificate", withCertificate],
])(
  "a watch with %s delivers until that ends, and goes on with another one",
  async (_, identify) => {
    const set = (environmentId: string, userId: string) =>
      service.memberships.setMemberRoles({ environmentId, organizationId: "acme", userId });
    const request = { environmentId: "alpha", start: fromNow };
    const watch = await watchEvents(service.address, request, await identify(6));
    await set("alpha", `ann-${identify.name}`);
    await watch.received(1);
    expect(await watch.ended).toMatchObject({ code: "UNAUTHENTICATED", reason: "CREDENTIALS_INVALID" });
    await set("beta", `bob-${identify.name}`);
    await set("alpha", `bob-${identify.name}`);
    const next = await watchEvents(service.address, { ...request, start: after(watch.token()) }, await identify(60));
    await next.received(1);
    expect(next.events.map(({ change }) => change?.$case === "membership" && change.value.after?.userId)).toEqual([
      `bob-${identify.name}`,
    ]);
    watch.close();
    next.close();
  },
  30_000,
);
