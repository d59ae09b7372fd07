import { Text, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Suspense, useMemo, useState } from "react";
import { call, send } from "../api/call";
import { useCaller } from "../api/caller";
import { useRoles } from "../api/lists";
import type { GroupRole } from "../gen/orgroles/v1/membership_pb";
import { MembershipService } from "../gen/orgroles/v1/membership_service_pb";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { FormDialog } from "../parts/form-dialog";
import { GroupIcon, PlusIcon } from "../parts/icons";
import { RowActions, ShowMore } from "../parts/list";
import { Empty, ListSkeleton } from "../parts/states";
import { Mark, Mono, count } from "../parts/text";
import { RoleChoice } from "./role-choice";
import type { OrganizationScope } from "./scope";

type Open = { action: "map" } | { action: "edit" | "remove"; groupRole: GroupRole };

export function Groups({ scope }: { scope: OrganizationScope }) {
  const query = useInfiniteQuery({
    queryKey: ["groups", scope],
    queryFn: ({ signal, pageParam }) =>
      send(call(MembershipService.method.listGroupRoles, { ...scope, pageSize: 100, pageToken: pageParam }), signal),
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  const { data, error, refetch, hasNextPage } = query;
  const { data: list } = useRoles(scope);
  const { refuses } = useCaller();
  const [open, setOpen] = useState<Open>();
  const refused = refuses("write", scope);
  const names = useMemo(() => new Map(list?.roles.map(({ slug, name }) => [slug, name])), [list]);
  const groups = data?.pages.flatMap(({ groupRoles }) => groupRoles) ?? [];
  const close = () => setOpen(undefined);
  const map = (
    <ActionButton icon={<PlusIcon size={16} />} refused={refused} onClick={() => setOpen({ action: "map" })}>
      Map group
    </ActionButton>
  );
  return (
    <>
      {error && !data ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <ListSkeleton />
      ) : !groups.length ? (
        <Empty
          icon={<GroupIcon size={22} />}
          title="No group is mapped"
          text="Map a group of your customer’s identity provider to a role. When a member’s groups are synced, the highest mapped role is theirs."
        >
          {map}
        </Empty>
      ) : (
        <div className="list">
          <div className="list-head">
            <Text size="sm" c="dimmed">
              {hasNextPage ? `${groups.length} groups and more` : count(groups.length, "group")}
            </Text>
            {map}
          </div>
          <ul className="rows" aria-label="Groups">
            {groups.map((groupRole) => (
              <li key={groupRole.groupId} className="row">
                <div className="row-main">
                  <Mono className="row-id">{groupRole.groupId}</Mono>
                </div>
                <div className="row-roles">
                  <Mark kind="default">{names.get(groupRole.roleSlug) ?? groupRole.roleSlug}</Mark>
                </div>
                <RowActions
                  edit={`Change the role of ${groupRole.groupId}`}
                  remove={`Remove the mapping of ${groupRole.groupId}`}
                  refused={refused}
                  onEdit={() => setOpen({ action: "edit", groupRole })}
                  onRemove={() => setOpen({ action: "remove", groupRole })}
                />
              </li>
            ))}
          </ul>
          <ShowMore query={query} />
        </div>
      )}
      <Suspense>
        {open?.action === "map" && <GroupForm scope={scope} onClose={close} />}
        {open?.action === "edit" && <GroupForm scope={scope} groupRole={open.groupRole} onClose={close} />}
        {open?.action === "remove" && (
          <FormDialog
            title="Remove mapping"
            submit="Remove mapping"
            done={`${open.groupRole.groupId} is no longer mapped`}
            danger
            call={call(MembershipService.method.deleteGroupRole, { ...scope, groupId: open.groupRole.groupId })}
            size={500}
            onClose={close}
          >
            <Text className="breakable">
              <span className="mono">{open.groupRole.groupId}</span> no longer gives a role. Members keep what they have
              until their groups are synced again.
            </Text>
          </FormDialog>
        )}
      </Suspense>
    </>
  );
}

function GroupForm({
  scope,
  groupRole,
  onClose,
}: {
  scope: OrganizationScope;
  groupRole?: GroupRole;
  onClose: () => void;
}) {
  const [groupId, setGroupId] = useState(groupRole?.groupId ?? "");
  const [slugs, setSlugs] = useState(groupRole ? [groupRole.roleSlug] : []);
  const { data: list } = useRoles(scope);
  return (
    <FormDialog
      title={groupRole ? "Change mapping" : "Map group"}
      submit={groupRole ? "Save" : "Map group"}
      done={`${groupId} is mapped`}
      call={call(MembershipService.method.setGroupRole, { ...scope, groupId, roleSlug: slugs[0] ?? "" })}
      fields={["group_id", "role_slug"]}
      size={500}
      onClose={onClose}
    >
      {(violations) => (
        <>
          <TextInput
            label="Group id"
            description={groupRole ? undefined : "As the identity provider sends it."}
            classNames={{ input: "mono" }}
            readOnly={groupRole !== undefined}
            data-autofocus={groupRole ? undefined : true}
            spellCheck={false}
            autoComplete="off"
            value={groupId}
            error={violations["group_id"]}
            onChange={(event) => setGroupId(event.currentTarget.value)}
          />
          <RoleChoice
            roles={list?.roles ?? []}
            several={false}
            value={slugs}
            error={violations["role_slug"]}
            onChange={setSlugs}
          />
        </>
      )}
    </FormDialog>
  );
}
