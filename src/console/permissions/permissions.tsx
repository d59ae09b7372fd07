import { Text } from "@mantine/core";
import { Suspense, lazy, useMemo, useState } from "react";
import { useCaller } from "../api/caller";
import { usePermissions, useRoles } from "../api/lists";
import type { Permission } from "../gen/orgroles/v1/permission_pb";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { PermissionIcon, PlusIcon } from "../parts/icons";
import { ListSearch, RowActions } from "../parts/list";
import { Page } from "../parts/page";
import { Empty, ListSkeleton } from "../parts/states";
import { Mono, Name, count } from "../parts/text";
import { useEnvironmentId } from "../shell/paths";

const PermissionForm = lazy(() => import("./permission-form"));
const DeletePermission = lazy(() => import("./delete-permission"));

type Open = { readonly action: "create" } | { readonly action: "edit" | "delete"; readonly permission: Permission };

export default function Permissions() {
  const environmentId = useEnvironmentId();
  const { data, error, refetch } = usePermissions(environmentId);
  const { data: list } = useRoles({ environmentId });
  const { refuses } = useCaller();
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<Open>();
  const refused = refuses("write", { environmentId });
  const holders = useMemo(() => {
    const counts = new Map<string, number>();
    for (const role of list?.roles ?? [])
      for (const slug of role.permissions) counts.set(slug, (counts.get(slug) ?? 0) + 1);
    return counts;
  }, [list]);
  const wanted = search.trim().toLowerCase();
  const found = (data ?? []).filter(({ slug, name }) => slug.includes(wanted) || name.toLowerCase().includes(wanted));
  const create = (
    <ActionButton icon={<PlusIcon size={16} />} refused={refused} onClick={() => setOpen({ action: "create" })}>
      Create permission
    </ActionButton>
  );
  return (
    <Page
      title="Permissions"
      lead="What your product asks about. Roles are sets of them."
      actions={data?.length ? create : undefined}
    >
      {error && !data ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <ListSkeleton />
      ) : !data.length ? (
        <Empty
          icon={<PermissionIcon size={22} />}
          title="No permissions yet"
          text="Name what people may do in your product, such as invoices:read, and give it to roles."
        >
          {create}
        </Empty>
      ) : (
        <div className="list">
          <div className="list-head">
            <ListSearch
              label="Search permissions"
              placeholder="Search by slug or name"
              value={search}
              onChange={setSearch}
            />
            <Text size="sm" c="dimmed" className="nowrap">
              {wanted ? `${found.length} of ${count(data.length, "permission")}` : count(data.length, "permission")}
            </Text>
          </div>
          <ul className="rows" aria-label="Permissions">
            {found.map((permission) => (
              <li key={permission.slug} className="row">
                <div className="row-main">
                  <div className="row-head">
                    <span className="row-name">
                      <Name>{permission.name}</Name>
                    </span>
                    <Mono className="dim row-slug">{permission.slug}</Mono>
                  </div>
                  {permission.description && (
                    <div className="row-facts">
                      <bdi className="row-text cut" title={permission.description}>
                        {permission.description}
                      </bdi>
                    </div>
                  )}
                </div>
                <span className="row-count">{list ? count(holders.get(permission.slug) ?? 0, "role") : ""}</span>
                <RowActions
                  edit={`Edit ${permission.name}`}
                  remove={`Delete ${permission.name}`}
                  refused={refused}
                  onEdit={() => setOpen({ action: "edit", permission })}
                  onRemove={() => setOpen({ action: "delete", permission })}
                />
              </li>
            ))}
          </ul>
          {!found.length && (
            <Text c="dimmed" ta="center" py="xl">
              No permission matches “{search}”.
            </Text>
          )}
        </div>
      )}
      <Suspense>
        {open?.action === "create" && (
          <PermissionForm environmentId={environmentId} onClose={() => setOpen(undefined)} />
        )}
        {open?.action === "edit" && (
          <PermissionForm
            environmentId={environmentId}
            permission={open.permission}
            onClose={() => setOpen(undefined)}
          />
        )}
        {open?.action === "delete" && (
          <DeletePermission
            environmentId={environmentId}
            permission={open.permission}
            onClose={() => setOpen(undefined)}
          />
        )}
      </Suspense>
    </Page>
  );
}
