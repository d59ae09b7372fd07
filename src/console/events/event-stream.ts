import type { Event } from "../gen/orgroles/v1/event_pb";
import { EventService } from "../gen/orgroles/v1/event_service_pb";
import { createClient } from "@connectrpc/connect";
import { useEffect, useRef, useState } from "react";
import { reasonOf } from "../api/errors";
import { reportStreamEnd, streamTransport } from "../api/transport";

/** The server sends something at least every ten seconds. */
const silence = 15_000;
const pause = 2_000;

export interface EventFilter {
  readonly environmentId: string;
  readonly organizationId?: string;
  readonly types: string[];
}

export type StreamState = "off" | "live" | "lost";

const client = createClient(EventService, streamTransport);

interface Listener {
  readonly onEvents: (events: readonly Event[], resumeToken: string) => void;
  readonly onState: (state: StreamState) => void;
  /** Called where the server no longer has the events after the token: the list has to be read anew. */
  readonly onGap: () => void;
}

const isGap = (error: unknown) => ["RESUME_TOKEN_EXPIRED", "RESUME_TOKEN_INVALID"].includes(reasonOf(error));

/** Follows the events of one visible page until the signal: a stream that says nothing for too long is opened anew. */
async function follow(
  filter: EventFilter,
  start: string,
  signal: AbortSignal,
  { onEvents, onState, onGap }: Listener,
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
        onState("live");
        if (events.length) onEvents(events, after);
      }
    } catch (error) {
      if (signal.aborted) return;
      onState("lost");
      if (isGap(error)) return onGap();
      await reportStreamEnd(error);
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
  onGap: () => void,
) {
  const [state, setState] = useState<StreamState>("off");
  const isVisible = useVisible();
  const key = JSON.stringify(filter);
  // where a page goes on that was hidden meanwhile
  const reached = useRef<{ start: string; token: string }>(undefined);
  useEffect(() => {
    if (start === undefined || !isVisible) {
      setState("off");
      return undefined;
    }
    const controller = new AbortController();
    const from = reached.current?.start === start ? reached.current.token : start;
    void follow(JSON.parse(key) as EventFilter, from, controller.signal, {
      onState: setState,
      onGap,
      onEvents: (events, token) => {
        reached.current = { start, token };
        onEvents(events);
      },
    });
    return () => controller.abort();
  }, [key, start, isVisible, onEvents, onGap]);
  return state;
}
