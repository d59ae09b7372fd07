import { z } from "zod";
import type { Input } from "./endpoint";
import { type NamedResource, refuseOtherTypes } from "./not-served";
import { optionalText } from "./parse";

const named = { name: z.string(), description: optionalText, resource_type_slug: optionalText };

const environmentRole = z.strictObject({ ...named, slug: z.string() });
const customRole = z.strictObject({ ...named, slug: optionalText });
const changes = z.strictObject({ name: z.string().optional(), description: z.string().nullish() });
const permissions = z.strictObject({ permissions: z.array(z.string()) });
const permission = z.strictObject({ slug: z.string() });
const priority = z.strictObject({ role_priority_order: z.array(z.string()) });

interface Named extends NamedResource {
  readonly slug?: string | undefined;
  readonly name: string;
  readonly description?: string | undefined;
}

/** Returns the values of something new that has a slug and a name. */
function newValues({ slug, name, description = "", ...type }: Named) {
  refuseOtherTypes(type);
  return { slug, name, description };
}

export const readEnvironmentRole = (input: Input) => ({
  ...newValues(input.body(environmentRole)),
  permissions: [],
  requestId: input.requestId,
});

export const readCustomRole = (input: Input) => ({
  ...newValues(input.body(customRole)),
  permissions: [],
  requestId: input.requestId,
});

/** A permission has the same values as an environment role. */
export function readNewPermission(input: Input) {
  const body = input.body(environmentRole);
  return { ...newValues(body), slug: body.slug, requestId: input.requestId };
}

/** Returns the new values, and which of them the request names: a description of null is cleared. */
export function readChanges(input: Input) {
  const { name, description } = input.body(changes);
  const updateMask = [...(name === undefined ? [] : ["name"]), ...(description === undefined ? [] : ["description"])];
  return { values: { name: name ?? "", description: description ?? "" }, updateMask };
}

export const readPermissions = (input: Input) => input.body(permissions).permissions;

export const readPermission = (input: Input) => input.body(permission).slug;

export const readPriority = (input: Input) => input.body(priority).role_priority_order;
