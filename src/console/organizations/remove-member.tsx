import { Text } from "@mantine/core";
import { call } from "../api/call";
import type { Membership } from "../gen/orgroles/v1/membership_pb";
import { MembershipService } from "../gen/orgroles/v1/membership_service_pb";
import { FormDialog } from "../parts/form-dialog";
import type { OrganizationScope } from "./scope";

interface Props {
  readonly scope: OrganizationScope;
  readonly membership: Membership;
  readonly onClose: () => void;
}

export default function RemoveMember({ scope, membership: { userId, etag }, onClose }: Props) {
  return (
    <FormDialog
      title="Remove member"
      submit="Remove member"
      done={`${userId} is no longer a member`}
      danger
      call={call(MembershipService.method.deleteMembership, { ...scope, userId, etag })}
      size={500}
      onClose={onClose}
    >
      <Text className="breakable">
        <span className="mono">{userId}</span> loses all access to <span className="mono">{scope.organizationId}</span>{" "}
        at once. Other organizations are not touched.
      </Text>
    </FormDialog>
  );
}
