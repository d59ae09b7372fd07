import { toJson } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "../gen/orgroles/v1/event_pb";

/** One field of what changed. Lists have what was added and removed. */
export interface Difference {
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** Fields that say nothing to a person. */
const silent = new Set([
  "id",
  "environmentId",
  "organizationId",
  "userId",
  "groupId",
  "type",
  "etag",
  "createTime",
  "updateTime",
  "priority",
  "isDefault",
  "primaryRoleSlug",
]);

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const show = (value: unknown): string | undefined => {
  if (value === undefined || value === "") return undefined;
  return typeof value === "string"
    ? value
    : typeof value === "boolean"
      ? value
        ? "yes"
        : "no"
      : JSON.stringify(value);
};

const inWords = (field: string) => field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function compareLists(field: string, before: readonly string[], after: readonly string[]): Difference | undefined {
  const added = after.filter((one) => !before.includes(one));
  const removed = before.filter((one) => !after.includes(one));
  if (added.length || removed.length) return { field, before: undefined, after: undefined, added, removed };
  if (before.join() === after.join()) return undefined;
  return { field, before: before.join(", "), after: after.join(", "), added, removed };
}

/** Returns what an event changed, field by field. */
export function differencesOf(event: Event): Difference[] {
  const json = toJson(EventSchema, event) as Json;
  const change = event.change.case ? json[event.change.case] : undefined;
  if (!isObject(change)) return [];
  const before = isObject(change["before"]) ? change["before"] : {};
  const after = isObject(change["after"]) ? change["after"] : {};
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => !silent.has(field));
  const differences = fields.flatMap((field): Difference[] => {
    const [old, now] = [before[field], after[field]];
    if (Array.isArray(old) || Array.isArray(now))
      return [compareLists(inWords(field), (old as string[]) ?? [], (now as string[]) ?? [])].filter(
        (one) => one !== undefined,
      );
    if (show(old) === show(now)) return [];
    return [{ field: inWords(field), before: show(old), after: show(now), added: [], removed: [] }];
  });
  const counts = Object.entries(change).filter(([field, value]) => /Count$|Slug$|erased$/i.test(field) && show(value));
  return [
    ...differences,
    ...counts.map(([field, value]) => ({
      field: inWords(field),
      before: undefined,
      after: show(value),
      added: [],
      removed: [],
    })),
  ];
}

/** Returns what an event is about, in a few words. */
export function subjectOf({ change }: Event): string {
  switch (change.case) {
    case "role":
    case "permission":
      return change.value.after?.slug ?? change.value.before?.slug ?? "";
    case "membership":
      return change.value.after?.userId ?? change.value.before?.userId ?? "";
    case "groupRole":
      return change.value.after?.groupId ?? change.value.before?.groupId ?? "";
    case "roleConfig":
      return "default and order";
    default:
      return "";
  }
}
