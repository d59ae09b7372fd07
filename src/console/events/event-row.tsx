import { UnstyledButton } from "@mantine/core";
import { memo, useState } from "react";
import type { Event } from "../gen/orgroles/v1/event_pb";
import { Mono, Time } from "../parts/text";
import { type Difference, differencesOf, subjectOf } from "./differences";

export const EventRow = memo(function EventRow({ event }: { event: Event }) {
  const [isOpen, setOpen] = useState(false);
  const { type, actor, actingUserId, organizationId, time, callId } = event;
  return (
    <li className="row event">
      <UnstyledButton className="event-head" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span className="event-chevron" data-open={isOpen || undefined} aria-hidden="true" />
        <span className="event-type mono">{type}</span>
        <Mono className="event-subject">{subjectOf(event)}</Mono>
        <Mono className="event-place dim">{organizationId || "environment"}</Mono>
        <span className="event-time dim">
          <Time value={time} />
        </span>
      </UnstyledButton>
      {isOpen && (
        <div className="event-body">
          <Differences of={differencesOf(event)} />
          <p className="event-by dim">
            By <span className="mono">{actor}</span>
            {actingUserId && (
              <>
                {" "}
                for <span className="mono">{actingUserId}</span>
              </>
            )}
            {callId && (
              <>
                , call <span className="mono breakable">{callId}</span>
              </>
            )}
          </p>
        </div>
      )}
    </li>
  );
});

function Differences({ of: differences }: { of: readonly Difference[] }) {
  if (!differences.length) return <p className="event-by dim">No details.</p>;
  return (
    <dl className="differences">
      {differences.map(({ field, before, after, added, removed }) => (
        <div key={field} className="difference">
          <dt>{field}</dt>
          <dd>
            {before !== undefined && <del>{before}</del>}
            {after !== undefined && <ins>{after}</ins>}
            {removed.map((one) => (
              <del key={one}>{one}</del>
            ))}
            {added.map((one) => (
              <ins key={one}>{one}</ins>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
