import { Tabs } from "@mantine/core";
import { useNavigate, useParams } from "react-router";
import { call } from "../api/call";
import { useCaller } from "../api/caller";
import { useCall } from "../api/lists";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import { Crumbs, Page } from "../parts/page";
import { count } from "../parts/text";
import { paths, useEnvironmentId, useOrganizationId } from "../shell/paths";
import { Access } from "./access";
import { Groups } from "./groups";
import { Members } from "./members";
import { OrganizationRoles } from "./organization-roles";

const tabs = ["roles", "members", "groups", "access"] as const;
const titles = { roles: "Roles", members: "Members", groups: "Groups", access: "Access" } as const;

export default function Organization() {
  const environmentId = useEnvironmentId();
  const organizationId = useOrganizationId();
  const navigate = useNavigate();
  const { tab: named } = useParams();
  const tab = tabs.find((known) => known === named) ?? "roles";
  const { caller } = useCaller();
  const { data } = useCall(call(EnvironmentService.method.getOrganization, { environmentId, organizationId }));
  const scope = { environmentId, organizationId };
  const counts = { members: data?.membershipCount, groups: data?.groupRoleCount };
  return (
    <Page
      title={organizationId}
      above={
        caller.organizationIds.length === 1 ? null : (
          <Crumbs to={paths.organizations(environmentId)} list="Organizations" id={organizationId} />
        )
      }
      lead={
        data
          ? data.organization?.inheritsEnvironment
            ? "Follows the environment."
            : `Own configuration, ${count(data.organization?.customRoleCount ?? 0, "custom role")}.`
          : "\u00a0"
      }
    >
      <Tabs
        value={tab}
        onChange={(value) => value && void navigate(paths.organization(environmentId, organizationId, value))}
        keepMounted={false}
      >
        <Tabs.List className="tabs" mb="lg">
          {tabs.map((value) => (
            <Tabs.Tab key={value} value={value}>
              {titles[value]}
              {value in counts && <span className="tab-count">{counts[value as keyof typeof counts]}</span>}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="roles">
          <OrganizationRoles scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="members">
          <Members scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="groups">
          <Groups scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="access">
          <Access scope={scope} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
