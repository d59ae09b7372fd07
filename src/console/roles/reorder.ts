import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, useAction } from "../api/call";
import { type Roles, type Scope, setRoles, showRoles } from "../api/lists";
import type { Role, RoleConfig } from "../gen/orgroles/v1/role_pb";
import { RoleService, type SetPriorityResponseSchema } from "../gen/orgroles/v1/role_service_pb";
import { announce } from "../parts/announce";

interface Move {
  readonly slug: string;
  /** The order and the default that the person saw. */
  readonly seen: Roles;
  readonly order: readonly string[];
}

const orderCall = ({ environmentId, organizationId }: Scope, slugs: readonly string[], etag: string | undefined) =>
  call(RoleService.method.setPriority, {
    environmentId,
    ...(organizationId && { organizationId }),
    slugs: [...slugs],
    ...(etag && { etag }),
  });

const slugsOf = (roles: readonly Role[]) => roles.map(({ slug }) => slug);

/** Moves one slug to behind the one that is before it in another order. */
function applyMove(order: readonly string[], { slug, order: wanted }: Move): string[] {
  const rest = order.filter((other) => other !== slug);
  const before = wanted.slice(0, wanted.indexOf(slug)).findLast((other) => rest.includes(other));
  rest.splice(before === undefined ? 0 : rest.indexOf(before) + 1, 0, slug);
  return rest;
}

/** Says what differs between what a person saw and what is there now. */
export function describeDifference(seen: Roles, now: Roles): string[] {
  const before = slugsOf(seen.roles);
  const after = slugsOf(now.roles);
  const added = after.filter((slug) => !before.includes(slug));
  const gone = before.filter((slug) => !after.includes(slug));
  const kept = after.filter((slug) => before.includes(slug));
  const moved = kept.join() !== before.filter((slug) => after.includes(slug)).join();
  return [
    ...(added.length ? [`New: ${added.join(", ")}.`] : []),
    ...(gone.length ? [`Gone: ${gone.join(", ")}.`] : []),
    ...(moved ? ["The order is another one."] : []),
    ...(seen.config?.defaultRoleSlug === now.config?.defaultRoleSlug
      ? []
      : [`The default role is now ${now.config?.defaultRoleSlug}.`]),
  ];
}

/** Reorders the roles of a scope at once, and takes it back if the server refuses. */
export function useReorder(scope: Scope, shown: Roles) {
  const client = useQueryClient();
  const [move, setMove] = useState<Move>();
  const { run, error, pending, reset } = useAction<typeof SetPriorityResponseSchema>(({ roles, config }) => {
    setRoles(client, scope, () => ({ roles, config }));
    announce("The order is saved");
  });
  const save = (wanted: Move, config: RoleConfig | undefined) => {
    const { roles } = shown;
    const known = new Map(roles.map((role) => [role.slug, role]));
    const ordered = wanted.order.flatMap((slug, index) => {
      const role = known.get(slug);
      return role ? [{ ...role, priority: index + 1 }] : [];
    });
    setMove(wanted);
    setRoles(client, scope, (current) => ({ ...current, roles: ordered }));
    run(orderCall(scope, wanted.order, config?.etag), {
      onError: () => {
        showRoles(client, scope, () => wanted.seen);
      },
    });
  };
  return {
    error,
    pending,
    changes: move && error ? describeDifference(move.seen, shown) : [],
    dismiss: () => reset(),
    call: orderCall(scope, slugsOf(shown.roles), shown.config?.etag),
    moveTo: (slug: string, index: number) => {
      const order = slugsOf(shown.roles).filter((other) => other !== slug);
      order.splice(index, 0, slug);
      save({ slug, seen: shown, order }, shown.config);
    },
    moveAgain: () => move && save({ ...move, seen: shown, order: applyMove(slugsOf(shown.roles), move) }, shown.config),
  };
}
