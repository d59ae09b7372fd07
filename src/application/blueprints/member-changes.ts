import type { MembersBlueprint } from "./blueprint";
import { type Change, createChange } from "./change";

/** Returns the changes of members: one for all new members, and one for all others. */
export function memberChanges(
  environmentId: string,
  { organizationId, members }: MembersBlueprint,
  present: ReadonlyMap<string, readonly string[]>,
): Change[] {
  const different = [...members].filter(([userId, slugs]) => {
    const before = present.get(userId);
    return !before || (slugs.length > 0 && !isSameSet(before, slugs));
  });
  const assign = (sign: "+" | "~", some: typeof different): Change[] => {
    if (!some.length) return [];
    const memberships = some.map(([userId, roleSlugs]) => ({ organizationId, userId, roleSlugs }));
    const subject = `${some.length} member${some.length > 1 ? "s" : ""}`;
    const change = createChange(sign, subject, ["members"], (use, call) =>
      use.memberships.batchSetMemberRoles({ environmentId, memberships }, call),
    );
    return [{ ...change, count: some.length }];
  };
  const isPresent = ([userId]: readonly [string, unknown]) => present.has(userId);
  return [
    ...assign(
      "+",
      different.filter((one) => !isPresent(one)),
    ),
    ...assign("~", different.filter(isPresent)),
  ];
}

const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.toSorted().join(" ") === [...new Set(other)].sort().join(" ");
