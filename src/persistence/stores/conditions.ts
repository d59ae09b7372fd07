const conditionsPerGroup = 100;

/** Conditions of which one must hold: in groups, because SQLite takes no expression more than 1000 levels deep. */
export function anyOf(conditions: readonly string[]): string {
  const groups: string[] = [];
  for (let start = 0; start < conditions.length; start += conditionsPerGroup)
    groups.push(`(${conditions.slice(start, start + conditionsPerGroup).join(" OR ")})`);
  return groups.join(" OR ");
}

export const placeholders = (values: Iterable<unknown>): string => Array.from(values, () => "?").join(", ");
