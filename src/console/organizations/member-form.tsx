import { TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/call";
import { useEnvironment, useRoles } from "../api/lists";
import type { Membership } from "../gen/orgroles/v1/membership_pb";
import { MembershipService } from "../gen/orgroles/v1/membership_service_pb";
import { FormDialog } from "../parts/form-dialog";
import { RoleChoice } from "./role-choice";
import type { OrganizationScope } from "./scope";

interface Props {
  readonly scope: OrganizationScope;
  readonly membership?: Membership;
  readonly onClose: () => void;
}

/** Adds a member, or changes the roles of one. */
export default function MemberForm({ scope, membership, onClose }: Props) {
  const [userId, setUserId] = useState(membership?.userId ?? "");
  const [roleSlugs, setRoleSlugs] = useState<string[]>(membership?.roleSlugs ?? []);
  const { data: list } = useRoles(scope);
  const { data } = useEnvironment(scope.environmentId);
  const defaultRole = list?.roles.find(({ isDefault }) => isDefault);
  return (
    <FormDialog
      title={membership ? "Change roles" : "Add member"}
      submit={membership ? "Save" : "Add member"}
      done={membership ? `The roles of ${userId} are saved` : `${userId} is a member`}
      call={call(MembershipService.method.setMemberRoles, {
        ...scope,
        userId,
        roleSlugs,
        ...(membership && { etag: membership.etag }),
      })}
      fields={["user_id", "role_slugs"]}
      size={500}
      onClose={onClose}
    >
      {(violations) => (
        <>
          <TextInput
            label="User id"
            description={membership ? undefined : "The id that your product gives to the user."}
            classNames={{ input: "mono" }}
            readOnly={membership !== undefined}
            data-autofocus={membership ? undefined : true}
            spellCheck={false}
            autoComplete="off"
            value={userId}
            error={violations["user_id"]}
            onChange={(event) => setUserId(event.currentTarget.value)}
          />
          <RoleChoice
            roles={list?.roles ?? []}
            several={data?.environment?.multipleRolesEnabled ?? false}
            value={roleSlugs}
            error={violations["role_slugs"]}
            none={defaultRole ? `The default role (${defaultRole.name})` : "The default role"}
            onChange={setRoleSlugs}
          />
        </>
      )}
    </FormDialog>
  );
}
