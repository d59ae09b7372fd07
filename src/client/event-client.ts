import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorInfo } from "../../gen/google/rpc/error_details";
import { Status } from "../../gen/google/rpc/status";
import type { Event } from "../../gen/orgroles/v1/event";
import {
  EventServiceClient,
  type ListEventsResponse,
  ListEventsRequest,
  WatchEventsRequest,
  type WatchEventsResponse,
} from "../../gen/orgroles/v1/event_service";
import { Fault } from "../domain/fault";
import { type Target, channelTo } from "./channel";

/** Milliseconds before a watch that has ended is opened again, at first and at most. */
const pauses = { first: 200, most: 10_000 };

/** Milliseconds for the response to one page. */
const pageTimeout = 30_000;

/** Reads the events of a server, with a token unless the server needs none. Throws a Fault that people read. */
export class EventClient {
  private readonly client: EventServiceClient;
  private readonly metadata = new Metadata();

  constructor(target: Target, token: string | undefined) {
    this.client = new EventServiceClient(...channelTo(target));
    if (token !== undefined) this.metadata.set("authorization", `Bearer ${token}`);
  }

  close(): void {
    this.client.close();
  }

  /** Passes on all events after a token, the oldest first. Returns the token of the place after them. */
  async list(environmentId: string, since: string | undefined, onEvents: (events: Event[]) => void): Promise<string> {
    for (let pageToken = ""; ; ) {
      const page = await this.page(ListEventsRequest.fromPartial({ environmentId, after: since, pageToken }));
      onEvents(page.events);
      if (!page.nextPageToken) return page.resumeToken;
      pageToken = page.nextPageToken;
    }
  }

  /**
   * Passes on all events after a token, and new ones, until the signal is aborted. Resumes watches that end. Returns the
   * token of the place after the last events.
   */
  async follow(
    environmentId: string,
    since: string | undefined,
    signal: AbortSignal,
    onEvents: (events: Event[]) => void,
  ): Promise<string> {
    let token = since;
    let hasBegun = false;
    let pause = pauses.first;
    while (!signal.aborted) {
      const start =
        token === undefined
          ? ({ $case: "fromBeginning", value: true } as const)
          : ({ $case: "after", value: token } as const);
      try {
        const request = WatchEventsRequest.fromPartial({ environmentId, start });
        for await (const message of this.watch(request, signal)) {
          onEvents(message.events);
          token = message.resumeToken;
          hasBegun = true;
          pause = pauses.first;
        }
      } catch (error) {
        if (signal.aborted) break;
        if (!hasBegun || (error as ServiceError).code !== status.UNAVAILABLE) throw faultOf(error);
      }
      await pauseFor(pause, signal);
      pause = Math.min(2 * pause, pauses.most);
    }
    return token ?? "";
  }

  private page(request: ListEventsRequest): Promise<ListEventsResponse> {
    return new Promise((resolve, reject) => {
      this.client.listEvents(request, this.metadata, { deadline: Date.now() + pageTimeout }, (error, response) =>
        error ? reject(faultOf(error)) : resolve(response),
      );
    });
  }

  private async *watch(request: WatchEventsRequest, signal: AbortSignal): AsyncGenerator<WatchEventsResponse> {
    const stream = this.client.watchEvents(request, this.metadata);
    const cancel = () => stream.cancel();
    signal.addEventListener("abort", cancel);
    try {
      for await (const message of stream) yield message as WatchEventsResponse;
    } finally {
      signal.removeEventListener("abort", cancel);
      stream.cancel();
    }
  }
}

/** Returns an error of a call for people, with its reason, and with the token from which events can still be read. */
function faultOf(error: unknown): Fault {
  const { details, metadata } = error as ServiceError;
  const [bytes] = metadata.get("grpc-status-details-bin");
  const info = Buffer.isBuffer(bytes)
    ? Status.decode(bytes).details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.ErrorInfo"))
    : undefined;
  if (!info) return new Fault(details, { cause: error });
  const { reason, metadata: more } = ErrorInfo.decode(info.value);
  const oldest = more["oldest_resume_token"];
  return new Fault(`${details} (${reason})${oldest === undefined ? "" : `: --since ${oldest}`}`);
}

function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
