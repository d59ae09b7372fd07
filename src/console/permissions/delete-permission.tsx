import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { call, send } from "../api/call";
import type { Permission } from "../gen/orgroles/v1/permission_pb";
import { PermissionService } from "../gen/orgroles/v1/permission_service_pb";
import { ErrorNotice } from "../parts/error-notice";
import { FormDialog } from "../parts/form-dialog";
import { count } from "../parts/text";

interface Props {
  readonly environmentId: string;
  readonly permission: Permission;
  readonly onClose: () => void;
}

export default function DeletePermission({ environmentId, permission: { slug, name }, onClose }: Props) {
  const { deletePermission } = PermissionService.method;
  const { data, error, refetch } = useQuery({
    queryKey: ["preview", "delete-permission", environmentId, slug],
    queryFn: ({ signal }) => send(call(deletePermission, { environmentId, slug, validateOnly: true }), signal),
    retry: false,
    staleTime: 0,
    refetchInterval: false,
  });
  const affected = data?.affectedRoleCount ?? 0;
  return (
    <FormDialog
      title="Delete permission"
      submit="Delete permission"
      done={`Permission ${slug} deleted`}
      danger
      call={call(deletePermission, { environmentId, slug })}
      off={!data}
      size={500}
      onClose={onClose}
    >
      <Text className="breakable">
        <b>
          <bdi>{name}</bdi>
        </b>{" "}
        (<span className="mono">{slug}</span>) will be deleted for good.
      </Text>
      {error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <Text>
          {affected
            ? `${count(affected, "role")} ${affected === 1 ? "loses" : "lose"} it, in the environment and its organizations.`
            : "No role has it. Nothing else changes."}
        </Text>
      ) : (
        <Skeleton h={16} w="60%" />
      )}
    </FormDialog>
  );
}
