import { Group, Stack, Text } from "@mantine/core";
import { Suspense, lazy, useState } from "react";
import { call } from "../api/call";
import { useCaller } from "../api/caller";
import { useRoles } from "../api/lists";
import { RoleType } from "../gen/orgroles/v1/role_pb";
import { RoleService } from "../gen/orgroles/v1/role_service_pb";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { FormDialog } from "../parts/form-dialog";
import { PlusIcon } from "../parts/icons";
import { ListSkeleton } from "../parts/states";
import { RoleList } from "../roles/role-list";
import type { OrganizationScope } from "./scope";

const CreateRole = lazy(() => import("../roles/create-role"));

const follows = "Follows the environment until the organization has a custom role";

export function OrganizationRoles({ scope }: { scope: OrganizationScope }) {
  const { data, error, refetch } = useRoles(scope);
  const { refuses } = useCaller();
  const [open, setOpen] = useState<"create" | "reset">();
  const refused = refuses("write", scope);
  const inherits = data?.config?.inheritsEnvironment ?? true;
  const hasOwn = data?.roles.some(({ type }) => type === RoleType.ORGANIZATION);
  return (
    <Stack gap="md">
      {error && !data ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <>
          <Group justify="space-between" gap="md" className="tab-head">
            <Text c="dimmed" maw={560} className="tab-lead">
              {inherits
                ? "Default role and order come from the environment. The first custom role gives this organization its own."
                : "Default role and order are this organization’s own. Changes of the environment’s do not reach it."}
            </Text>
            <Group gap="sm">
              {!inherits && !hasOwn && (
                <ActionButton kind="default" refused={refused} onClick={() => setOpen("reset")}>
                  Follow the environment again
                </ActionButton>
              )}
              <ActionButton icon={<PlusIcon size={16} />} refused={refused} onClick={() => setOpen("create")}>
                Create role
              </ActionButton>
            </Group>
          </Group>
          <RoleList
            scope={scope}
            list={data}
            rules={{
              reorder: refused ?? (inherits ? follows : undefined),
              default: refused ?? (inherits ? follows : undefined),
              change: refused,
              isOrganization: true,
            }}
          />
        </>
      ) : (
        <ListSkeleton rows={4} />
      )}
      <Suspense>
        {open === "create" && <CreateRole scope={scope} onClose={() => setOpen(undefined)} />}
        {open === "reset" && (
          <FormDialog
            title="Follow the environment again"
            submit="Follow the environment"
            done={`${scope.organizationId} follows the environment`}
            call={call(RoleService.method.resetOrgRoleConfig, scope)}
            size={500}
            onClose={() => setOpen(undefined)}
          >
            <Text className="breakable">
              The default role and the order of <span className="mono">{scope.organizationId}</span> are those of the
              environment from now on. Its own are forgotten. Members keep the roles that they have.
            </Text>
          </FormDialog>
        )}
      </Suspense>
    </Stack>
  );
}
