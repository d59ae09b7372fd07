import { Text } from "@mantine/core";
import { call } from "../api/call";
import type { Scope } from "../api/lists";
import type { Role, RoleConfig } from "../gen/orgroles/v1/role_pb";
import { RoleService } from "../gen/orgroles/v1/role_service_pb";
import { FormDialog } from "../parts/form-dialog";

interface Props {
  readonly scope: Scope;
  readonly role: Role;
  readonly config: RoleConfig | undefined;
  readonly onClose: () => void;
}

export default function DefaultRole({ scope: { environmentId, organizationId }, role, config, onClose }: Props) {
  const made = call(RoleService.method.setDefaultRole, {
    environmentId,
    ...(organizationId && { organizationId }),
    slug: role.slug,
  });
  const reach = organizationId
    ? `Members of ${organizationId} who are given no role get it from now on.`
    : "Members who are given no role get it from now on, in every organization that follows the environment.";
  return (
    <FormDialog
      title="Make default role"
      submit="Make default"
      done={`${role.name} is the default role`}
      call={made}
      size={500}
      onClose={onClose}
    >
      <Text className="breakable">
        <b>
          <bdi>{role.name}</bdi>
        </b>{" "}
        becomes the default role, in place of <span className="mono">{config?.defaultRoleSlug}</span>. {reach} Members
        keep the roles that they have.
      </Text>
    </FormDialog>
  );
}
