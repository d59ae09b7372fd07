import * as fc from "fast-check";
import { type UnnumberedEvent, orderEvents } from "../../src/domain/event-order";
import type { EventId } from "../../src/domain/ids";
import type { OrganizationId } from "../../src/domain/values";

const event = (organizationId: string, environmentRevision: number, place: number, time = 0): UnnumberedEvent => ({
  id: `${organizationId || "env"}-${place}` as EventId,
  organizationId: organizationId as OrganizationId | "",
  environmentRevision,
  time,
});

/** Events of one scope, whose revisions do not decrease. */
const scope = (organizationId: string) =>
  fc
    .array(fc.tuple(fc.nat(6), fc.nat(5)), { maxLength: 8 })
    .map((all) =>
      all.toSorted(([a], [b]) => a - b).map(([revision, time], place) => event(organizationId, revision, place, time)),
    );

test("events keep the order of their scopes, and follow the events of the environment that they saw", () => {
  fc.assert(
    fc.property(scope(""), scope("acme"), scope("globex"), (own, acme, globex) => {
      const ordered = orderEvents(own, [...acme, ...globex]).map(({ id }) => id);
      const placeOf = new Map(ordered.map((id, place) => [id, place]));
      expect(ordered).toHaveLength(own.length + acme.length + globex.length);
      for (const events of [own, acme, globex])
        expect(ordered.filter((id) => events.some((one) => one.id === id))).toEqual(events.map(({ id }) => id));
      for (const seen of own)
        for (const later of [...acme, ...globex])
          if (seen.environmentRevision <= later.environmentRevision)
            expect(placeOf.get(seen.id)).toBeLessThan(placeOf.get(later.id) ?? -1);
    }),
  );
});

test("an event of an organization comes before a later change of the environment", () => {
  const ordered = orderEvents([event("", 3, 0), event("", 5, 1)], [event("acme", 2, 0), event("acme", 4, 1)]);
  expect(ordered.map(({ id }) => id)).toEqual(["acme-0", "env-0", "acme-1", "env-1"]);
});

test("a revision that is lower than one before in its scope changes no order", () => {
  const ordered = orderEvents([event("", 5, 0)], [event("acme", 6, 0), event("acme", 4, 1)]);
  expect(ordered.map(({ id }) => id)).toEqual(["env-0", "acme-0", "acme-1"]);
});

test("events that saw the same revision have the order of their times, as far as their scopes allow", () => {
  const acme = [event("acme", 1, 0, 5), event("acme", 1, 1, 2)];
  const globex = [event("globex", 1, 0, 1), event("globex", 1, 1, 6)];
  expect(orderEvents([], [...acme, ...globex]).map(({ id }) => id)).toEqual([
    "globex-0",
    "acme-0",
    "acme-1",
    "globex-1",
  ]);
});
