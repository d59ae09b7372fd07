import * as fc from "fast-check";
import { allRpcs, message, rawClient } from "../support/raw";
import { cases, run, withoutGrowth } from "./cases";
import { authorized, inside, marker, sharedService, tokens } from "./shared-service";

/** Contains the codes of which no request may be the cause. */
const faults = ["INTERNAL", "UNKNOWN", "UNAVAILABLE", "DATA_LOSS"];

const service = sharedService();

const texts = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("alpha", "acme", "member", "org-own", "ann", "docs:read", "staff", "admin", "name"),
  },
  { weight: 2, arbitrary: fc.constantFrom("beta", "guessed-org", "guessed-user", "org-zanzibar", "zanzibar:read") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "' OR 1=1 --",
      "\0",
      "%",
      "_",
      "管理者",
      "🙂",
      "__proto__",
      "constructor",
      "a".repeat(5000),
      "$(id)",
      "\u202E",
      "../../etc/passwd",
      "{{7*7}}",
      "org-",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 80 }) },
);

/** Generates fields of the numbers that requests have, with values that fit, do not fit, or are messages themselves. */
const { tree } = fc.letrec<{ tree: Uint8Array; value: string | Uint8Array | number }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    { weight: 6, arbitrary: texts },
    { weight: 2, arbitrary: fc.oneof(fc.nat(3), fc.integer(), fc.maxSafeInteger()) },
    { weight: 2, arbitrary: tie("tree") },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  ),
  tree: fc
    .array(
      fc.tuple(
        fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 2, max: 8 }) }, fc.integer({ min: 1, max: 2 ** 29 - 1 })),
        tie("value"),
      ),
      { maxLength: 7 },
    )
    .map((fields) => message(...fields)),
}));

const scoped = tree.map((rest) => Buffer.concat([message([1, "alpha"]), rest]));
const elsewhere = tree.map((rest) => Buffer.concat([message([1, "beta"], [2, "guessed-org"]), rest]));
const damaged = fc
  .tuple(scoped, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([request, changes, cut]) => {
    const bytes = Buffer.from(request);
    for (const [place, value] of changes) bytes[place % bytes.length] = value;
    return cut ? bytes.subarray(0, (changes[0]?.[0] ?? 0) % bytes.length) : bytes;
  });
const requests = fc.record({
  rpc: fc.constantFrom(...allRpcs),
  bytes: fc.oneof(
    { weight: 5, arbitrary: scoped },
    { weight: 2, arbitrary: elsewhere },
    { weight: 3, arbitrary: damaged },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  ),
});

test("messages of any kind to any RPC are answered or refused, and tell nothing of others", async () => {
  const raw = rawClient(service.address, authorized(tokens.attacker));
  const reasons = new Set<string>();
  const attempt = async ({ rpc, bytes }: { rpc: string; bytes: Buffer }) => {
    const { failure, response, headerBytes } = await raw.call(rpc, bytes);
    expect(response?.includes(marker) ?? false).toBe(false);
    if (!failure) return void reasons.add("OK");
    reasons.add(failure.reason ?? "");
    expect(faults).not.toContain(failure.code);
    expect(failure).toMatchObject({ domain: "orgroles", reason: expect.stringMatching(/^[A-Z_]+$/) });
    expect(headerBytes).toBeLessThan(8192);
    const said = [failure.message, ...failure.violations.map(({ description }) => description)].join("\n");
    expect(JSON.stringify(failure)).not.toContain(marker);
    if (!inside.test(bytes.toString("latin1"))) expect(said).not.toMatch(inside);
  };
  try {
    await withoutGrowth(service, (share, half) => run(share, half, requests, attempt), Math.ceil(cases * 0.6));
  } finally {
    raw.close();
  }
  for (const reason of ["OK", "INVALID_FIELDS", "SCOPE_INSUFFICIENT"]) expect(reasons).toContain(reason);
}, 300_000);
