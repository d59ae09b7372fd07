import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type EventServiceService, WatchEventsResponse } from "../../gen/orgroles/v1/event_service";
import type { WatchMessage } from "../application/events/watch-events";
import type { UseCases } from "../application/use-cases";
import { mapInSlices } from "../event-loop/time-slices";
import { encodeEvent, eventToBytes } from "./encode-event";
import { type Encoded, memoizeEncoding } from "./encoded";
import type { Handlers } from "./service";

/** Encodes an event once for all watches that deliver it. */
const encodeOnce = memoizeEncoding(eventToBytes);

/** The tag of `events`, field 1 of the response. Each event is this tag, a length, and bytes. */
const eventTag = (1 << 3) | 2;

function encodeMessage({ events, resumeToken }: WatchMessage): Encoded {
  const writer = new BinaryWriter();
  for (const event of events) writer.uint32(eventTag).bytes(encodeOnce(event));
  WatchEventsResponse.encode({ events: [], resumeToken }, writer);
  return Buffer.from(writer.finish());
}

export function eventHandlers(events: UseCases["events"]): Handlers<typeof EventServiceService> {
  return {
    listEvents: async (request, call) => {
      const { events: page, nextPageToken, resumeToken } = await events.listEvents(request, call);
      return { events: await mapInSlices(page, encodeEvent), nextPageToken, resumeToken };
    },
    watchEvents: async function* (request, call) {
      const messages = events.watchEvents(request, call);
      // a variable would keep the events of a message until the next one is asked for
      const next = async () => {
        const { value } = await messages.next();
        return value && encodeMessage(value);
      };
      try {
        for (let bytes = await next(); bytes; bytes = await next()) yield bytes;
      } finally {
        await messages.return();
      }
    },
  };
}
