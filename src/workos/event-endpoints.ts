import { z } from "zod";
import type { UseCases } from "../application/use-cases";
import { limits } from "../domain/limits";
import { type Endpoint, endpoint } from "./endpoint";
import { eventBody, nameOf } from "./event-body";
import { pageFields } from "./parse";

const time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "must be a time in ISO 8601")
  .transform((text) => new Date(text))
  .optional();

const names = z
  .array(z.string())
  .min(1, "must name at least one kind of events")
  .max(limits.violations, "must not name so many kinds of events");

const list = z.strictObject({
  limit: pageFields.limit,
  after: pageFields.after,
  order: pageFields.order.unwrap().default("asc"),
  events: names,
  organization_id: z.string().optional(),
  range_start: time,
  range_end: time,
});

export function eventEndpoints(events: UseCases["events"]): readonly Endpoint[] {
  return [
    endpoint({
      name: "ListEvents",
      at: "GET /events",
      action: "read",
      reach: "environment",
      read: (input) => {
        const { events: wanted, organization_id: organizationId, order, ...rest } = input.query(list);
        return {
          environmentId: input.environmentId,
          organizationId,
          accepts: (event: Parameters<typeof nameOf>[0]) => wanted.includes(nameOf(event) ?? ""),
          sinceTime: rest.range_start,
          untilTime: rest.range_end,
          after: rest.after,
          newestFirst: order === "desc",
          limit: rest.limit,
        };
      },
      handle: async (request, call, ids) => {
        const { events: found, next } = await events.listEventsById(request, call);
        const data = found.map((event) => eventBody(event, ids));
        return { object: "list", data, list_metadata: { before: null, after: next ?? null } };
      },
    }),
  ];
}
