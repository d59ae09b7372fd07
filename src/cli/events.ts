import type { Command } from "commander";
import type { Event } from "../../gen/orgroles/v1/event";
import { isToken } from "../auth/authenticator";
import { escapeUnseen } from "../display/shown-text";
import { Fault } from "../domain/fault";
import { addExamples } from "./help";
import { type ServerFlags, addServerOptions, targetOf } from "./server-flags";
import { onSignals } from "./signals";

interface Flags extends ServerFlags {
  readonly token?: string;
  readonly follow?: boolean;
  readonly since?: string;
  readonly json?: boolean;
}

/** Adds the command that prints events. */
export function addEventsCommand(program: Command): void {
  const command = program
    .command("events")
    .description("print the events of an environment from a server, the oldest first")
    .argument("<environment>", "the id of the environment")
    .option("--follow", "wait for new events until the command is interrupted")
    .option("--since <token>", "begin after this resume token")
    .option("--json", "print one JSON object per line");
  addServerOptions(command)
    .option("--token <token>", "the token to send; other users of this machine may see it, unlike ORGROLES_TOKEN")
    .action(printEvents);
  addExamples(command, [
    "orgroles events dev",
    "orgroles events dev --follow --json",
    "ORGROLES_TOKEN=… orgroles events production --address roles.example.com:443 --tls",
  ]);
}

async function printEvents(environmentId: string, flags: Flags): Promise<void> {
  const { follow, since, json } = flags;
  const { EventClient, eventToJson, formatEvent } = await import("../client/events");
  const format = json ? eventToJson() : (event: Event) => escapeUnseen(formatEvent(event));
  const print = (events: readonly Event[]) => events.forEach((event) => console.log(format(event)));
  const client = new EventClient(targetOf(flags), tokenOf(flags));
  try {
    const token = follow
      ? await client.follow(environmentId, since, untilSignal(), print)
      : await client.list(environmentId, since, print);
    if (!json) console.error(`To go on from here: --since ${token}`);
  } finally {
    client.close();
  }
}

/** Returns the token to send, undefined for a server that needs none. */
function tokenOf({ token = process.env["ORGROLES_TOKEN"] }: Flags): string | undefined {
  const trimmed = token?.trim();
  if (!trimmed) return undefined;
  if (!isToken(trimmed)) throw new Fault("A token must consist of A–Z, a–z, 0–9 and - . _ ~ + / =");
  return trimmed;
}

function untilSignal(): AbortSignal {
  const controller = new AbortController();
  onSignals(() => controller.abort());
  return controller.signal;
}
