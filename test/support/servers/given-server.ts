import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "./ask";
import type { DatabaseServer } from "./local-server";
import type { Engine } from "./recipe";

const WAIT_SECONDS = 15;

/** A server that somebody else started and will end. It has a moment to come up: it may be a container of the same job. */
export async function givenServer(engine: Engine, given: string, variable: string): Promise<DatabaseServer> {
  const url = given.replace(/\/+$/, "");
  const { version } = await patiently(url, variable);
  const found = /mariadb/i.test(version) ? "mariadb" : "mysql";
  if (found !== engine) throw new Error(`${variable} leads to a server of ${found} (${version}), not of ${engine}.`);
  return { engine, url, version, origin: `It was given by ${variable}.`, stop: async () => undefined };
}

async function patiently(url: string, variable: string): ReturnType<typeof ask> {
  for (const deadline = Date.now() + WAIT_SECONDS * 1000; ; await sleep(500)) {
    try {
      return await ask(url);
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${variable}: no answer in ${WAIT_SECONDS} s`, { cause: error });
    }
  }
}
