import { Button, NativeSelect, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Suspense, lazy, useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import { call, send } from "../api/call";
import { useCaller } from "../api/caller";
import { useRoles } from "../api/lists";
import type { Membership } from "../gen/orgroles/v1/membership_pb";
import { MembershipService } from "../gen/orgroles/v1/membership_service_pb";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { PlusIcon, UserIcon } from "../parts/icons";
import { ListSearch, MemberRoles, RowActions } from "../parts/list";
import { Empty, ListSkeleton } from "../parts/states";
import { Mono, Time } from "../parts/text";
import { paths } from "../shell/paths";
import type { OrganizationScope } from "./scope";

const MemberForm = lazy(() => import("./member-form"));
const RemoveMember = lazy(() => import("./remove-member"));

const pageSize = 50;

type Open = { action: "add" } | { action: "edit" | "remove"; membership: Membership };

/** Reads one page of members, and remembers the tokens that lead back. */
function useMemberPages(scope: OrganizationScope, roleSlug: string, prefix: string) {
  const [tokens, setTokens] = useState([""]);
  useEffect(() => setTokens([""]), [scope.organizationId, roleSlug, prefix]);
  const pageToken = tokens.at(-1) ?? "";
  const filter = { ...(roleSlug && { roleSlug }), ...(prefix && { userIdPrefix: prefix }) };
  const input = { ...scope, ...filter, pageSize, pageToken };
  const query = useQuery({
    queryKey: ["members", input],
    queryFn: ({ signal }) => send(call(MembershipService.method.listMemberships, input), signal),
    placeholderData: keepPreviousData,
  });
  const next = query.data?.nextPageToken;
  return {
    ...query,
    page: tokens.length,
    previous: tokens.length > 1 ? () => setTokens(tokens.slice(0, -1)) : undefined,
    next: next ? () => setTokens([...tokens, next]) : undefined,
  };
}

export function Members({ scope }: { scope: OrganizationScope }) {
  const [role, setRole] = useState("");
  const [search, setSearch] = useState("");
  const [prefix] = useDebouncedValue(search.trim(), 150);
  const [open, setOpen] = useState<Open>();
  const { data, error, refetch, page, previous, next, isPlaceholderData } = useMemberPages(scope, role, prefix);
  const { data: list } = useRoles(scope);
  const { refuses, isRestricted } = useCaller();
  const refused = refuses("write", scope);
  const names = useMemo(() => new Map(list?.roles.map(({ slug, name }) => [slug, name])), [list]);
  const isFiltered = role !== "" || prefix !== "";
  const add = (
    <ActionButton icon={<PlusIcon size={16} />} refused={refused} onClick={() => setOpen({ action: "add" })}>
      Add member
    </ActionButton>
  );
  return (
    <>
      <div className="list">
        <div className="list-head">
          <ListSearch
            label="Find members by the beginning of their id"
            placeholder="Beginning of a user id"
            value={search}
            onChange={setSearch}
          />
          <NativeSelect
            className="list-filter"
            aria-label="Role"
            value={role}
            onChange={(event) => setRole(event.currentTarget.value)}
            data={[
              { value: "", label: "All roles" },
              ...(list?.roles ?? []).map(({ slug, name }) => ({ value: slug, label: name })),
            ]}
          />
          {add}
        </div>
        {error && !data ? (
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <ListSkeleton />
        ) : data.memberships.length ? (
          <ul className="rows" aria-label="Members" aria-busy={isPlaceholderData}>
            {data.memberships.map((membership) => (
              <li key={membership.userId} className="row">
                <div className="row-main">
                  <div className="row-head">
                    {isRestricted ? (
                      <Mono className="row-id">{membership.userId}</Mono>
                    ) : (
                      <Link className="row-id-link" to={paths.user(scope.environmentId, membership.userId)}>
                        <Mono className="row-id">{membership.userId}</Mono>
                      </Link>
                    )}
                  </div>
                  <div className="row-facts dim">
                    <span className="cut">
                      Since <Time value={membership.createTime} />
                    </span>
                  </div>
                </div>
                <MemberRoles
                  slugs={membership.roleSlugs}
                  primary={membership.primaryRoleSlug}
                  nameOf={(slug) => names.get(slug) ?? slug}
                />
                <RowActions
                  edit={`Change the role of ${membership.userId}`}
                  remove={`Remove ${membership.userId}`}
                  refused={refused}
                  onEdit={() => setOpen({ action: "edit", membership })}
                  onRemove={() => setOpen({ action: "remove", membership })}
                />
              </li>
            ))}
          </ul>
        ) : isFiltered || page > 1 ? (
          <Text c="dimmed" ta="center" py="xl">
            No member matches.
          </Text>
        ) : (
          <Empty
            icon={<UserIcon size={22} />}
            title="No members yet"
            text="Members are users of your product. Whoever is added without a role gets the default role."
          />
        )}
        {(previous || next) && (
          <div className="list-foot">
            <Button variant="default" disabled={!previous} onClick={previous}>
              Previous
            </Button>
            <Text size="sm" c="dimmed">
              Page {page}
            </Text>
            <Button variant="default" disabled={!next} onClick={next}>
              Next
            </Button>
          </div>
        )}
      </div>
      <Suspense>
        {open?.action === "add" && <MemberForm scope={scope} onClose={() => setOpen(undefined)} />}
        {open?.action === "edit" && (
          <MemberForm scope={scope} membership={open.membership} onClose={() => setOpen(undefined)} />
        )}
        {open?.action === "remove" && (
          <RemoveMember scope={scope} membership={open.membership} onClose={() => setOpen(undefined)} />
        )}
      </Suspense>
    </>
  );
}
