import { once } from "node:events";
import { attacks, attacksByPages } from "./attacks";

/** A process of its own, so that the attacker's work does not delay the honest caller's. */
async function main([name = "", address = "", seconds = ""]: string[]): Promise<void> {
  const attack = { ...attacks, ...attacksByPages }[name];
  if (!attack) throw new Error(`there is no attack "${name}"`);
  const over = once(process.stdin, "end").then(() => undefined);
  process.stdin.resume();
  const lasting = attack(address, Date.now() + Number(seconds) * 1000, over);
  setTimeout(() => console.log("done"), Number(seconds) * 1000 + 200);
  await Promise.race([over, lasting.then(() => over)]);
  process.exit(0);
}

void main(process.argv.slice(2));
