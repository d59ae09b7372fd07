import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call, send } from "../api/call";
import { type Scope, useRoles } from "../api/lists";
import { RoleService } from "../gen/orgroles/v1/role_service_pb";

/** Returns what a slug will probably be: it is there as soon as somebody types, and the server's own takes its place. */
function guessSlug(name: string, organizationId: string | undefined): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/\s+/g, "-")
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replaceAll(/([-_])[-_]+/g, "$1")
    .replaceAll(/^[-_]+|[-_]+$/g, "")
    .replace(/^(?:org-)+/, "");
  if (!slug) return "";
  return cut(`${organizationId ? "org-" : ""}${slug}`, 48);
}

const cut = (slug: string, length: number) => slug.slice(0, length).replace(/[-_]+$/, "");

/** Adds the number that a taken slug needs, as the server does. */
function makeFree(slug: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? "" : `-${number}`;
    const free = cut(slug, 48 - suffix.length) + suffix;
    if (!taken.has(free)) return free;
  }
}

/** Fills a slug in from a name as it is typed, until the slug is edited by hand. */
export function useSuggestedSlug(scope: Scope, name: string) {
  const { environmentId, organizationId = "" } = scope;
  const { data: list } = useRoles(scope);
  const [edited, setEdited] = useState<string>();
  const [settled] = useDebouncedValue(name.trim(), 200);
  const { data } = useQuery({
    queryKey: ["preview", "slug", environmentId, organizationId, settled],
    queryFn: async ({ signal }) => {
      const { suggestSlug } = RoleService.method;
      const { slug } = await send(call(suggestSlug, { environmentId, organizationId, name: settled }), signal);
      return { name: settled, slug };
    },
    enabled: settled !== "" && edited === undefined,
    placeholderData: keepPreviousData,
    retry: false,
    refetchInterval: false,
  });
  const guess = makeFree(guessSlug(name, organizationId || undefined), new Set(list?.roles.map(({ slug }) => slug)));
  const suggested = data?.name === name.trim() ? data.slug : guess;
  // a slug that was sent stays: after a lost answer the role may be there, and its slug is no longer free
  const [sent, setSent] = useState<{ name: string; slug: string }>();
  const slug = edited ?? (sent?.name === name ? sent.slug : name.trim() ? suggested : "");
  return { slug, isEdited: edited !== undefined, setSlug: setEdited, keep: () => setSent({ name, slug }) };
}
