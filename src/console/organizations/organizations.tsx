import { Button, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { call, send } from "../api/call";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import { ErrorNotice } from "../parts/error-notice";
import { OrganizationIcon } from "../parts/icons";
import { ListSearch, ShowMore } from "../parts/list";
import { Page } from "../parts/page";
import { Empty, ListSkeleton } from "../parts/states";
import { Mark, Mono, count } from "../parts/text";
import { isId, paths, useEnvironmentId } from "../shell/paths";

export default function Organizations() {
  const environmentId = useEnvironmentId();
  const navigate = useNavigate();
  const [search, setSearch] = useState("");
  const [prefix] = useDebouncedValue(search.trim(), 150);
  const query = useInfiniteQuery({
    queryKey: ["organizations", environmentId, prefix],
    queryFn: ({ signal, pageParam }) => {
      const input = {
        environmentId,
        pageSize: 100,
        pageToken: pageParam,
        ...(prefix && { organizationIdPrefix: prefix }),
      };
      return send(call(EnvironmentService.method.listOrganizations, input), signal);
    },
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    placeholderData: keepPreviousData,
  });
  const { data, error, refetch } = query;
  const found = data?.pages.flatMap(({ organizations }) => organizations) ?? [];
  const isEmpty = data && !found.length && !prefix;
  return (
    <Page
      title="Organizations"
      lead="Your customers. Each may have roles of its own; until then it follows the environment."
    >
      <div className="list">
        <form
          className="list-head"
          onSubmit={(event) => {
            event.preventDefault();
            if (isId(search.trim())) void navigate(paths.organization(environmentId, search.trim()));
          }}
        >
          <ListSearch
            label="Find an organization by its id"
            placeholder="Beginning of an id"
            value={search}
            onChange={setSearch}
          />
          <Button type="submit" variant="default" disabled={!isId(search.trim())}>
            Open
          </Button>
        </form>
        {error && !data ? (
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <ListSkeleton />
        ) : (
          <ul className="rows" aria-label="Organizations">
            {found.map(({ organizationId, inheritsEnvironment, customRoleCount }) => (
              <li key={organizationId} className="row row-link">
                <Link className="row-main" to={paths.organization(environmentId, organizationId)}>
                  <Mono className="row-id">{organizationId}</Mono>
                </Link>
                <span className="row-count">
                  {inheritsEnvironment ? (
                    <Mark kind="inherited">Follows the environment</Mark>
                  ) : (
                    count(customRoleCount, "custom role")
                  )}
                </span>
              </li>
            ))}
          </ul>
        )}
        {isEmpty && (
          <Empty
            icon={<OrganizationIcon size={22} />}
            title="No organization has data yet"
            text="An organization is here as soon as it has a member, a group or a custom role. Any id can be opened: type it above."
          />
        )}
        {data && !found.length && prefix && (
          <Text c="dimmed" ta="center" py="xl" px="md">
            No organization with data begins with “{prefix}”. “Open” shows any id.
          </Text>
        )}
        <ShowMore query={query} />
      </div>
    </Page>
  );
}
