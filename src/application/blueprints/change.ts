import type { Call } from "../request/idempotency";
import type { UseCases } from "../use-cases";
import type { BlueprintPath } from "./blueprint";

/** One step from the present content to the wanted content. */
export interface Change {
  readonly sign: "+" | "~" | "-";
  /** The changed thing, such as `role admin`. */
  readonly subject: string;
  /** The differences, where there is more to say than that the thing appears or disappears. */
  readonly details: readonly string[];
  /** How many things it adds, changes or deletes. */
  readonly count: number;
  /** The part of the blueprint that requires it. */
  readonly path: BlueprintPath;
  readonly apply: (useCases: UseCases, call: Call) => Promise<unknown>;
}

/** The environment, or the organization in it, that changes are about. */
export interface ChangeScope {
  readonly environmentId: string;
  readonly organizationId?: string;
}

export const createChange = (
  sign: Change["sign"],
  subject: string,
  path: BlueprintPath,
  apply: Change["apply"],
  details: Change["details"] = [],
): Change => ({ sign, subject, details, count: 1, path, apply });

export const quote = (text: string): string => JSON.stringify(text);

export function defaultRoleChange(scope: ChangeScope, before: string, slug: string): Change[] {
  if (slug === before) return [];
  const details = [`${before} → ${slug}`];
  return [
    createChange(
      "~",
      "default role",
      ["default_role"],
      (use, call) => use.roles.setDefaultRole({ ...scope, slug }, call),
      details,
    ),
  ];
}
