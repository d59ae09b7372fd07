import type { EventServiceService } from "../../gen/orgroles/v1/event_service";
import type { UseCases } from "../application/use-cases";
import { mapInSlices } from "../event-loop/time-slices";
import { encodeEvent } from "./encode-event";
import type { Handlers } from "./service";

export function eventHandlers(events: UseCases["events"]): Handlers<typeof EventServiceService> {
  return {
    listEvents: async (request, call) => {
      const { events: page, nextPageToken, resumeToken } = await events.listEvents(request, call);
      return { events: await mapInSlices(page, encodeEvent), nextPageToken, resumeToken };
    },
  };
}
