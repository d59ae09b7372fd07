import type { Command } from "commander";
import type { DeliveredEvent } from "../application/events/event-log";
import type { StreamingCall } from "../application/request/idempotency";
import { ownCall } from "../application/request/idempotency";
import type { UseCases } from "../application/use-cases";
import { escapeUnseen } from "../display/shown-text";
import { formatEvent } from "./event-text";
import { addExamples } from "./help";
import { onSignals } from "./signals";

/** Runs work with the events of the configured database, and a function that writes an event as JSON. */
export type WithEvents = (
  work: (events: UseCases["events"], toJson: (event: DeliveredEvent) => string) => Promise<void>,
) => Promise<void>;

interface Flags {
  readonly follow?: boolean;
  readonly since?: string;
  readonly json?: boolean;
}

/** Adds the command that prints events. */
export function addEventsCommand(program: Command, withEvents: WithEvents): void {
  const command = program
    .command("events")
    .description("print the events of an environment, the oldest first")
    .argument("<environment>", "the id of the environment")
    .option("--follow", "wait for new events until the command is interrupted")
    .option("--since <token>", "begin after this resume token")
    .option("--json", "print one JSON object per line")
    .action((environmentId: string, { follow, since, json }: Flags) =>
      withEvents(async (events, toJson) => {
        const print = (event: DeliveredEvent) => console.log(json ? toJson(event) : escapeUnseen(formatEvent(event)));
        const token = await (follow ? followEvents : listEvents)(events, environmentId, since, print);
        if (!json) console.error(`To go on from here: --since ${token}`);
      }),
    );
  addExamples(command, ["orgroles events dev", "orgroles events dev --follow --json"]);
}

type Read = (
  events: UseCases["events"],
  environmentId: string,
  since: string | undefined,
  print: (event: DeliveredEvent) => void,
) => Promise<string>;

/** Prints all events that there are, and returns the token of the place after them. */
const listEvents: Read = async (events, environmentId, since, print) => {
  const list = { environmentId, after: since, types: [], newestFirst: false, pageSize: 0 };
  for (let pageToken = ""; ; ) {
    const page = await events.listEvents({ ...list, pageToken }, ownCall);
    page.events.forEach(print);
    if (!page.nextPageToken) return page.resumeToken;
    pageToken = page.nextPageToken;
  }
};

/** Prints events until a signal, and returns the token of the place after them. */
const followEvents: Read = async (events, environmentId, since, print) => {
  const controller = new AbortController();
  onSignals(() => controller.abort());
  const { signal } = controller;
  const call: StreamingCall = { ...ownCall, signal };
  const start =
    since === undefined
      ? ({ $case: "fromBeginning", value: true } as const)
      : ({ $case: "after", value: since } as const);
  let token = since ?? "";
  try {
    for await (const message of events.watchEvents({ environmentId, types: [], start }, call)) {
      message.events.forEach(print);
      token = message.resumeToken;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return token;
};
