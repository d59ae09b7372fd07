import { Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { call, send } from "../api/call";
import type { Event } from "../gen/orgroles/v1/event_pb";
import { EventService } from "../gen/orgroles/v1/event_service_pb";
import { ErrorNotice } from "../parts/error-notice";
import { EventIcon } from "../parts/icons";
import { ShowMore } from "../parts/list";
import { Page } from "../parts/page";
import { Empty, ListSkeleton } from "../parts/states";
import { useEnvironmentId } from "../shell/paths";
import { EventRow } from "./event-row";
import { type StreamState, useEventStream } from "./event-stream";

const kinds = [
  { value: "", label: "All types" },
  { value: "role", label: "Roles" },
  { value: "role_config", label: "Defaults and orders" },
  { value: "permission", label: "Permissions" },
  { value: "membership", label: "Memberships" },
  { value: "group_role", label: "Groups" },
  { value: "environment", label: "Environments" },
  { value: "organization", label: "Organizations" },
];

const spans = [
  { value: "", label: "Any time" },
  { value: "3600", label: "Last hour" },
  { value: "86400", label: "Last day" },
  { value: "604800", label: "Last week" },
];

/** How many events that arrive are kept on the page. */
const keptLive = 500;

interface Filter {
  readonly environmentId: string;
  readonly organizationId: string;
  readonly type: string;
  readonly userId: string;
  readonly since: string;
}

const requestOf = ({ environmentId, organizationId, type, userId }: Filter) => ({
  environmentId,
  types: type ? [type] : [],
  ...(organizationId && { organizationId }),
  ...(userId && { userId }),
});

/** Reads the newest events, and keeps those that arrive before them. */
function useEvents(filter: Filter) {
  const { environmentId, since } = filter;
  const [live, setLive] = useState<readonly Event[]>([]);
  const key = JSON.stringify(filter);
  // the time that "last hour" is about does not move while the list is read
  const sinceTime = useMemo(
    () => (since ? { seconds: BigInt(Math.floor(Date.now() / 1000) - Number(since)) } : undefined),
    [since, key],
  );
  useEffect(() => setLive([]), [key]);
  const query = useInfiniteQuery({
    queryKey: ["events", key],
    queryFn: ({ signal, pageParam }) => {
      const input = { ...requestOf(filter), newestFirst: true, pageSize: 50, pageToken: pageParam };
      return send(call(EventService.method.listEvents, { ...input, ...(sinceTime && { sinceTime }) }), signal);
    },
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    staleTime: Infinity,
    gcTime: 0,
  });
  const wanted = filter.userId;
  const onEvents = useCallback(
    (events: readonly Event[]) => {
      const mine = events.filter(({ change }) => !wanted || isAbout(change, wanted));
      setLive((known) => {
        const ids = new Set(known.map(({ id }) => id));
        return [...mine.filter(({ id }) => !ids.has(id)).toReversed(), ...known].slice(0, keptLive);
      });
    },
    [wanted],
  );
  const { organizationId, types } = requestOf(filter);
  const watched = { environmentId, types, ...(organizationId && { organizationId }) };
  const { refetch } = query;
  const onGap = useCallback(() => void refetch(), [refetch]);
  const state = useEventStream(watched, query.data?.pages[0]?.resumeToken, onEvents, onGap);
  const listed = query.data?.pages.flatMap(({ events }) => events) ?? [];
  const ids = new Set(listed.map(({ id }) => id));
  return { ...query, state, events: [...live.filter(({ id }) => !ids.has(id)), ...listed] };
}

const isAbout = (change: Event["change"], userId: string) =>
  change.case === "membership" && (change.value.after ?? change.value.before)?.userId === userId;

export default function Events() {
  const environmentId = useEnvironmentId();
  const [typed, setTyped] = useState({ organizationId: "", type: "", userId: "", since: "" });
  const [settled] = useDebouncedValue(typed, 250);
  const filter = {
    environmentId,
    ...settled,
    organizationId: settled.organizationId.trim(),
    userId: settled.userId.trim(),
  };
  const list = useEvents(filter);
  const { data, error, refetch, events, state, hasNextPage } = list;
  const isFiltered = filter.organizationId || filter.type || filter.userId || filter.since;
  const set = (field: keyof typeof typed) => (event: { currentTarget: { value: string } }) =>
    setTyped({ ...typed, [field]: event.currentTarget.value });
  return (
    <Page title="Events" lead="Every change, newest first, as it happens." actions={<Live state={state} />}>
      <div className="list">
        <div className="list-head filters">
          <NativeSelect aria-label="Type" data={kinds} value={typed.type} onChange={set("type")} />
          <TextInput
            aria-label="Organization"
            placeholder="Organization"
            value={typed.organizationId}
            onChange={set("organizationId")}
          />
          <TextInput aria-label="User" placeholder="User" value={typed.userId} onChange={set("userId")} />
          <NativeSelect aria-label="Time" data={spans} value={typed.since} onChange={set("since")} />
        </div>
        {error && !data ? (
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <ListSkeleton />
        ) : events.length ? (
          <ol className="rows" aria-label="Events">
            {events.map((event) => (
              <EventRow key={event.id} event={event} />
            ))}
          </ol>
        ) : isFiltered ? (
          <Text c="dimmed" ta="center" py="xl">
            {hasNextPage ? "Nothing among the newest. Look further back." : "No event matches."}
          </Text>
        ) : (
          <Empty
            icon={<EventIcon size={22} />}
            title="Nothing has happened yet"
            text="Each change of a role, a permission or a member appears here at once."
          />
        )}
        <ShowMore query={list}>Show older</ShowMore>
      </div>
    </Page>
  );
}

const states = { off: "Paused", live: "Live", lost: "Reconnecting…" } as const;

const Live = ({ state }: { state: StreamState }) => (
  <Group gap={8} className="live" data-state={state} role="status">
    <span className="live-dot" />
    <Text size="sm">{states[state]}</Text>
  </Group>
);
