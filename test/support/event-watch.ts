import { type ChannelCredentials, Metadata, type ServiceError, credentials } from "@grpc/grpc-js";
import type { Event } from "../../gen/orgroles/v1/event";
import { EventServiceClient, WatchEventsRequest, type WatchEventsResponse } from "../../gen/orgroles/v1/event_service";
import { type Failure, type Identity, readFailure } from "./client";
import { until } from "./until";

/** A watch of events, with everything that it has received. */
export interface EventWatch {
  readonly events: Event[];
  readonly messages: WatchEventsResponse[];
  /** The time of each message, by `performance.now()`. */
  readonly times: number[];
  /** The token of the last message. */
  readonly token: () => string;
  /** The failure that ended it. */
  readonly ended: Promise<Failure>;
  /** Waits for as many events in all. */
  received(count: number): Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
}

type Start = NonNullable<WatchEventsRequest["start"]>;
export const fromNow: Start = { $case: "fromNow", value: true };
export const fromBeginning: Start = { $case: "fromBeginning", value: true };
export const after = (value: string): Start => ({ $case: "after", value });

/** Opens a watch on a connection of its own, or on one that is shared. Resolves after the first message, or the end. */
export async function watchEvents(
  on: string | EventServiceClient,
  request: Partial<WatchEventsRequest>,
  { channel, headers = {} }: Identity = {},
): Promise<EventWatch> {
  const client = typeof on === "string" ? connectEvents(on, channel) : on;
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const stream = client.watchEvents(WatchEventsRequest.fromPartial(request), metadata);
  const events: Event[] = [];
  const messages: WatchEventsResponse[] = [];
  const times: number[] = [];
  let isOver = false;
  const ended = new Promise<Failure>((resolve) => {
    stream.on("error", (error: ServiceError) => {
      isOver = true;
      resolve(readFailure(error));
    });
  });
  stream.on("data", (message: WatchEventsResponse) => {
    messages.push(message);
    times.push(performance.now());
    events.push(...message.events);
  });
  await until("the watch begins", async () => messages.length > 0 || isOver || undefined);
  return {
    events,
    messages,
    times,
    token: () => messages.at(-1)?.resumeToken ?? "",
    ended,
    received: async (count) => void (await until(`${count} events`, async () => events.length >= count || undefined)),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    close: () => {
      stream.cancel();
      if (typeof on === "string") client.close();
    },
  };
}

/** Opens a connection for watches. */
export const connectEvents = (address: string, channel: ChannelCredentials = credentials.createInsecure()) =>
  new EventServiceClient(address, channel, { "grpc.use_local_subchannel_pool": 1 });
