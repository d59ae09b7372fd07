import { z } from "zod";
import { type Violation, refuse } from "../domain/errors";

/** Returns a value as the schema has it. Throws INVALID_FIELDS with every rule that it breaks. */
export function parseValue<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const violations = result.error.issues.flatMap(toViolations);
  throw refuse.invalidFields(violations, violations.length);
}

function toViolations(issue: z.core.$ZodIssue): Violation[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ field: key.slice(0, 64), description: "is not a parameter of this request" }));
  const field = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return [{ field: field.slice(1) || "request", description: describe(issue) }];
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_type") return issue.message;
  return issue.input === undefined ? "is required" : `must be a ${issue.expected}`;
}

/** Returns the parameters of a query. Throws INVALID_FIELDS for one that is given twice, unless it is a list. */
export function readQuery(url: string): Record<string, string | string[]> {
  const start = url.indexOf("?");
  const found = Object.create(null) as Record<string, string | string[]>;
  const repeated = new Set<string>();
  for (const [name, value] of new URLSearchParams(start < 0 ? "" : url.slice(start + 1))) {
    const list = /^(events|statuses)(?:\[\d*\])?$/.exec(name)?.[1];
    if (list) found[list] = [found[list] ?? [], value.split(",").filter(Boolean)].flat(2);
    else if (name in found) repeated.add(name);
    else found[name] = value;
  }
  if (repeated.size)
    throw refuse.invalidFields(
      [...repeated].map((name) => ({ field: name.slice(0, 64), description: "must be given once" })),
    );
  return { ...found };
}

const most = 100;
const fallback = 10;
const limitRule = `must be a number from 1 to ${most}`;

/** The parameters of pages. */
export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, limitRule)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= most, limitRule)
    .default(fallback),
  order: z.enum(["asc", "desc", "normal"], "must be asc, desc or normal").default("desc"),
  after: z.string().optional(),
  before: z.string().optional(),
};

export interface PageFields {
  readonly limit: number;
  readonly order: "asc" | "desc" | "normal";
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

/** Returns the page of a list, with its cursors as `read` understands them. Throws INVALID_FIELDS for others. */
export function toPage<Cursor>({ limit, order, after, before }: PageFields, read: (id: string) => Cursor | undefined) {
  if (after !== undefined && before !== undefined)
    throw refuse.invalidFields([{ field: "before", description: "must be absent with after" }]);
  const cursorOf = (field: string, id: string | undefined): Cursor | undefined => {
    if (id === undefined) return undefined;
    const cursor = read(id);
    if (cursor === undefined)
      throw refuse.invalidFields([{ field, description: "must be the id of an item of this list" }]);
    return cursor;
  };
  return {
    limit,
    isDescending: order !== "asc",
    after: cursorOf("after", after),
    before: cursorOf("before", before),
  };
}

/** An optional text of a body: null is as good as absent. */
export const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
