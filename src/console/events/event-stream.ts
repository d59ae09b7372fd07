import type { Event } from "../gen/orgroles/v1/event_pb";
import { EventService } from "../gen/orgroles/v1/event_service_pb";
import { createClient } from "@connectrpc/connect";
import { useEffect, useState } from "react";
import { reportStreamEnd, streamTransport } from "../api/transport";

/** The server sends something at least every ten seconds. */
const silence = 25_000;
const pause = 2_000;

export interface EventFilter {
  readonly environmentId: string;
  readonly organizationId?: string;
  readonly types: string[];
}

export type StreamState = "off" | "live" | "lost";

const client = createClient(EventService, streamTransport);

/** Follows the events of one visible page until the signal: a stream that says nothing for too long is opened anew. */
async function follow(
  filter: EventFilter,
  start: string,
  signal: AbortSignal,
  tell: (events: readonly Event[], state: StreamState) => void,
): Promise<void> {
  let after = start;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop);
    let watchdog = setTimeout(stop, silence);
    try {
      const request = { ...filter, start: { case: "after" as const, value: after } };
      for await (const { events, resumeToken } of client.watchEvents(request, { signal: attempt.signal })) {
        clearTimeout(watchdog);
        watchdog = setTimeout(stop, silence);
        after = resumeToken || after;
        tell(events, "live");
      }
    } catch (error) {
      if (!signal.aborted) tell([], "lost");
      void reportStreamEnd(error);
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", stop);
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

const useVisible = () => {
  const [isVisible, setVisible] = useState(document.visibilityState === "visible");
  useEffect(() => {
    const listen = () => setVisible(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", listen);
    return () => document.removeEventListener("visibilitychange", listen);
  }, []);
  return isVisible;
};

/** Watches events after a token while the page is visible, since all tabs together have six connections to a server. */
export function useEventStream(
  filter: EventFilter,
  start: string | undefined,
  onEvents: (events: readonly Event[]) => void,
) {
  const [state, setState] = useState<StreamState>("off");
  const isVisible = useVisible();
  const key = JSON.stringify(filter);
  useEffect(() => {
    if (start === undefined || !isVisible) {
      setState("off");
      return undefined;
    }
    const controller = new AbortController();
    void follow(JSON.parse(key) as EventFilter, start, controller.signal, (events, now) => {
      setState(now);
      if (events.length) onEvents(events);
    });
    return () => controller.abort();
  }, [key, start, isVisible, onEvents]);
  return state;
}
