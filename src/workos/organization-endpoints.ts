import { z } from "zod";
import type { UseCases } from "../application/use-cases";
import { limits } from "../domain/limits";
import { parseId } from "../domain/values";
import { refuse } from "../domain/errors";
import { type Endpoint, endpoint } from "./endpoint";
import { pageFields } from "./parse";
import { organizationBody } from "./views";

const list = z.strictObject({ ...pageFields, after: z.string().max(limits.pageTokenLength).optional() });

/** Organizations are not managed here: these endpoints are for enumerating those that have data. */
export function organizationEndpoints(environments: UseCases["environments"]): readonly Endpoint[] {
  return [
    endpoint({
      name: "ListOrganizations",
      at: "GET /organizations",
      action: "read",
      reach: "environment",
      read: (input) => {
        const { limit, after, before } = input.query(list);
        if (before !== undefined)
          throw refuse.invalidFields([{ field: "before", description: "is not served: this list is read forwards" }]);
        return { environmentId: input.environmentId, pageSize: limit, pageToken: after ?? "" };
      },
      handle: async (request, call) => {
        const { items, nextPageToken } = await environments.listOrganizations(request, call);
        const data = items.map(({ organizationId }) => organizationBody(organizationId));
        return { object: "list", data, list_metadata: { before: null, after: nextPageToken || null } };
      },
    }),
    endpoint({
      name: "GetOrganization",
      at: "GET /organizations/{organization}",
      action: "read",
      read: (input) => ({ environmentId: input.environmentId, organizationId: input.part("organization") }),
      handle: async ({ organizationId }) => {
        const parsed = parseId(organizationId);
        if ("rule" in parsed) throw refuse.invalidFields([{ field: "organization_id", description: parsed.rule }]);
        return organizationBody(organizationId); // every id is that of an organization
      },
    }),
  ];
}
