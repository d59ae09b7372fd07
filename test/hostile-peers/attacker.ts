import { once } from "node:events";
import type { Attack } from "./attack";
import { attacks, attacksByPages } from "./attacks";
import { attacksByPagesOverHttp1, attacksOverHttp1 } from "./attacks-over-http1";
import { attacksOverHttps } from "./attacks-over-https";

const kinds: Readonly<Record<string, Readonly<Record<string, Attack>>>> = {
  gRPC: { ...attacks, ...attacksByPages },
  "HTTP/1.1": { ...attacksOverHttp1, ...attacksByPagesOverHttp1 },
  HTTPS: attacksOverHttps,
};

/** A process of its own, so that the attacker's work does not delay the honest caller's. */
async function main([kind = "", name = "", address = "", seconds = ""]: string[]): Promise<void> {
  const attack = kinds[kind]?.[name];
  if (!attack) throw new Error(`there is no attack "${name}"`);
  const over = once(process.stdin, "end").then(() => undefined);
  process.stdin.resume();
  const lasting = attack(address, Date.now() + Number(seconds) * 1000, over);
  setTimeout(() => console.log("done"), Number(seconds) * 1000 + 200);
  await Promise.race([over, lasting.then(() => over)]);
  process.exit(0);
}

void main(process.argv.slice(2));
