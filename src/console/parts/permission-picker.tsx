import { Badge, Box, Checkbox, Group, Input, Text, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { isConnectionLoss } from "../api/errors";
import { usePermissions } from "../api/lists";
import type { Permission } from "../gen/orgroles/v1/permission_pb";
import { ErrorNotice } from "./error-notice";
import { SearchIcon } from "./icons";
import { ListSkeleton } from "./states";
import { Mono, count } from "./text";

interface Props {
  readonly environmentId: string;
  readonly value: ReadonlySet<string>;
  readonly onChange: (value: ReadonlySet<string>) => void;
  readonly error?: string | undefined;
}

/** How many permissions are shown at once. A search narrows them down. */
const shown = 300;

const prefixOf = (slug: string) => /^(.+?)[:.]/.exec(slug)?.[1] ?? "";

const matches = (permission: Permission, search: string) =>
  [permission.slug, permission.name, permission.description].some((text) => text.toLowerCase().includes(search));

function groupByPrefix(permissions: readonly Permission[]): [string, Permission[]][] {
  const groups = new Map<string, Permission[]>();
  for (const permission of permissions) {
    const prefix = prefixOf(permission.slug);
    const group = groups.get(prefix);
    if (group) group.push(permission);
    else groups.set(prefix, [permission]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

/** Chooses permissions from those of the environment, one by one or all of a prefix. */
export function PermissionPicker({ environmentId, value, onChange, error }: Props) {
  const { data, error: failure, refetch } = usePermissions(environmentId);
  const [search, setSearch] = useState("");
  const found = useMemo(
    () => (data ?? []).filter((permission) => matches(permission, search.trim().toLowerCase())),
    [data, search],
  );
  const groups = useMemo(() => groupByPrefix(found.slice(0, shown)), [found]);
  const unknown = data ? [...value].filter((slug) => !data.some((permission) => permission.slug === slug)) : [];
  const set = (slugs: readonly string[], chosen: boolean) => {
    const next = new Set(value);
    for (const slug of slugs)
      if (chosen) next.add(slug);
      else next.delete(slug);
    onChange(next);
  };
  return (
    <Input.Wrapper label="Permissions" error={error} labelElement="div">
      <Group justify="space-between" mb={6} mt={2} gap="sm" wrap="nowrap">
        <TextInput
          size="xs"
          aria-label="Search permissions"
          placeholder="Search"
          leftSection={<SearchIcon size={14} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          flex={1}
        />
        <Badge
          variant="light"
          color={value.size ? "indigo" : "gray"}
          className="mark mark-default"
        >{`${value.size} chosen`}</Badge>
      </Group>
      {failure && !data && !isConnectionLoss(failure) ? (
        <ErrorNotice error={failure} onRetry={() => void refetch()} />
      ) : !data ? (
        <ListSkeleton rows={3} />
      ) : (
        <Box className="picker" tabIndex={0} role="group" aria-label="Permissions">
          {unknown.length > 0 && (
            <Group gap="xs" p="xs">
              <Text size="sm">No longer there:</Text>
              {unknown.map((slug) => (
                <Checkbox key={slug} size="xs" label={slug} checked onChange={() => set([slug], false)} />
              ))}
            </Group>
          )}
          {groups.map(([prefix, permissions]) => (
            <PickerGroup key={prefix} prefix={prefix} permissions={permissions} value={value} onSet={set} />
          ))}
          {!found.length && (
            <Text c="dimmed" size="sm" p="md" ta="center">
              {data.length ? "No permission matches." : "There are no permissions yet. Create them on their own page."}
            </Text>
          )}
          {found.length > shown && (
            <Text c="dimmed" size="sm" p="xs" ta="center">
              {count(found.length - shown, "more match", "more match")}. Search to see them.
            </Text>
          )}
        </Box>
      )}
    </Input.Wrapper>
  );
}

interface GroupProps {
  readonly prefix: string;
  readonly permissions: readonly Permission[];
  readonly value: ReadonlySet<string>;
  readonly onSet: (slugs: readonly string[], chosen: boolean) => void;
}

function PickerGroup({ prefix, permissions, value, onSet }: GroupProps) {
  const slugs = permissions.map(({ slug }) => slug);
  const chosen = slugs.filter((slug) => value.has(slug)).length;
  return (
    <div className="picker-group" role="group" aria-label={prefix || "Other permissions"}>
      {slugs.length > 1 && (
        <Checkbox
          size="xs"
          fw={600}
          className="picker-all"
          label={prefix ? `All of ${prefix}` : "All others"}
          checked={chosen === slugs.length}
          indeterminate={chosen > 0 && chosen < slugs.length}
          onChange={(event) => onSet(slugs, event.currentTarget.checked)}
        />
      )}
      {permissions.map(({ slug, name }) => (
        <Checkbox
          key={slug}
          size="xs"
          className="picker-item"
          checked={value.has(slug)}
          onChange={(event) => onSet([slug], event.currentTarget.checked)}
          label={
            <span className="picker-label">
              <bdi className="cut" title={name}>
                {name}
              </bdi>
              <Mono className="dim">{slug}</Mono>
            </span>
          }
        />
      ))}
    </div>
  );
}
