import { Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { Link, useParams } from "react-router";
import { call, send } from "../api/call";
import { useCaller } from "../api/caller";
import { MembershipService } from "../gen/orgroles/v1/membership_service_pb";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { FormDialog } from "../parts/form-dialog";
import { UserIcon } from "../parts/icons";
import { MemberRoles, ShowMore } from "../parts/list";
import { Crumbs, Page } from "../parts/page";
import { Empty, ListSkeleton } from "../parts/states";
import { Mono, Time, count } from "../parts/text";
import { paths, useEnvironmentId } from "../shell/paths";

export default function User() {
  const environmentId = useEnvironmentId();
  const userId = useParams()["user"] ?? "";
  const query = useInfiniteQuery({
    queryKey: ["user", environmentId, userId],
    queryFn: ({ signal, pageParam }) => {
      const input = { environmentId, userId, pageSize: 100, pageToken: pageParam };
      return send(call(MembershipService.method.listUserMemberships, input), signal);
    },
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  const { data, error, refetch, hasNextPage } = query;
  const { refuses } = useCaller();
  const [isOpen, setOpen] = useState(false);
  const memberships = data?.pages.flatMap((page) => page.memberships) ?? [];
  return (
    <Page
      title={userId}
      above={<Crumbs to={paths.users(environmentId)} list="Users" id={userId} />}
      lead={
        data
          ? hasNextPage
            ? "Member of many organizations."
            : `Member of ${count(memberships.length, "organization")}.`
          : "\u00a0"
      }
      actions={
        memberships.length > 0 && (
          <ActionButton kind="default" refused={refuses("write", { environmentId })} onClick={() => setOpen(true)}>
            End all memberships
          </ActionButton>
        )
      }
    >
      {error && !data ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <ListSkeleton />
      ) : !memberships.length && !hasNextPage ? (
        <Empty
          icon={<UserIcon size={22} />}
          title="Member of no organization"
          text="The user has no access anywhere in this environment. Members are added on the page of their organization."
        />
      ) : (
        <div className="list">
          <ul className="rows" aria-label="Memberships">
            {memberships.map(({ organizationId, roleSlugs, primaryRoleSlug, createTime }) => (
              <li key={organizationId} className="row row-link">
                <Link className="row-main" to={paths.organization(environmentId, organizationId, "members")}>
                  <div className="row-head">
                    <Mono className="row-id">{organizationId}</Mono>
                  </div>
                  <div className="row-facts dim">
                    <span className="cut">
                      Since <Time value={createTime} />
                    </span>
                  </div>
                </Link>
                <MemberRoles slugs={roleSlugs} primary={primaryRoleSlug} />
              </li>
            ))}
          </ul>
          <ShowMore query={query} />
        </div>
      )}
      <Suspense>
        {isOpen && (
          <FormDialog
            title="End all memberships"
            submit="End all memberships"
            done={`${userId} is a member of nothing`}
            danger
            call={call(MembershipService.method.deleteUserMemberships, { environmentId, userId })}
            size={500}
            onClose={() => setOpen(false)}
          >
            <Text className="breakable">
              <span className="mono">{userId}</span> loses all access{" "}
              {hasNextPage ? "to every organization" : `to ${count(memberships.length, "organization")}`} of this
              environment. Memberships that are added from now on stay.
            </Text>
          </FormDialog>
        )}
      </Suspense>
    </Page>
  );
}
