import { NativeSelect, Skeleton, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Call, call, send } from "../api/call";
import { metadataOf, reasonOf } from "../api/errors";
import type { Scope } from "../api/lists";
import type { Role } from "../gen/orgroles/v1/role_pb";
import { RoleService } from "../gen/orgroles/v1/role_service_pb";
import { ErrorNotice } from "../parts/error-notice";
import { FormDialog } from "../parts/form-dialog";
import { count } from "../parts/text";

interface Props {
  readonly scope: Scope;
  readonly role: Role;
  readonly roles: readonly Role[];
  readonly onClose: () => void;
}

interface Effect {
  readonly organizations: number;
  readonly members: number;
  readonly groups: number;
}

const needsReplacement = (error: unknown) =>
  ["REPLACEMENT_DEFAULT_ROLE_REQUIRED", "ROLE_IN_USE"].includes(reasonOf(error));

async function preview(scope: Scope, slug: string, replacement: string, signal: AbortSignal): Promise<Effect> {
  const { method, input } = deletion(scope, slug, replacement);
  const response = await send({ method, input: { ...input, validateOnly: true } }, signal);
  const counts = response as unknown as Readonly<Record<string, number | undefined>>;
  return {
    organizations: counts["affectedOrganizationCount"] ?? 0,
    members: counts["reassignedMembershipCount"] ?? 0,
    groups: counts["movedGroupRoleCount"] ?? 0,
  };
}

const deletion = ({ environmentId, organizationId }: Scope, slug: string, replacement: string): Call =>
  organizationId
    ? call(RoleService.method.deleteOrgRole, {
        environmentId,
        organizationId,
        slug,
        ...(replacement && { replacementRoleSlug: replacement }),
      })
    : call(RoleService.method.deleteEnvironmentRole, {
        environmentId,
        slug,
        ...(replacement && { replacementDefaultRoleSlug: replacement }),
      });

/** Says why a replacement is needed, in the words of who has to choose it. */
function whyReplacement(error: unknown, organizationId: string | undefined): string {
  const { membership_count: members, group_role_count: groups, ...defaults } = metadataOf(error);
  if (reasonOf(error) === "ROLE_IN_USE")
    return `${count(Number(members), "member")} and ${count(Number(groups), "group")} have this role. Choose what they get instead.`;
  if (organizationId) return "This is the default role of the organization. Choose the new default.";
  const affected = Number(defaults["affected_organization_count"]);
  const ofEnvironment = defaults["is_environment_default"] === "true";
  const whose = [
    ...(ofEnvironment ? ["the environment"] : []),
    ...(affected ? [count(affected, "organization")] : []),
  ].join(" and ");
  return `This is the default role of ${whose}. Choose the new default for all of them.`;
}

function effectInWords({ organizations, members, groups }: Effect, { organizationId }: Scope): string[] {
  const lines: string[] = [];
  if (organizations)
    lines.push(`${count(organizations, "organization")} get${organizations === 1 ? "s" : ""} a new default role.`);
  if (members)
    lines.push(
      organizationId
        ? `${count(members, "member")} get${members === 1 ? "s" : ""} the replacement.`
        : `${count(members, "member")} lose${members === 1 ? "s" : ""} it. Whoever has no other role gets their organization’s default role.`,
    );
  if (groups)
    lines.push(
      `${count(groups, "group")} of an identity provider ${groups === 1 ? "moves" : "move"} to the replacement.`,
    );
  if (!lines.length) lines.push("Nobody has this role. Nothing else changes.");
  return lines;
}

export default function DeleteRole({ scope, role, roles, onClose }: Props) {
  const [replacement, setReplacement] = useState("");
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["preview", "delete", scope, role.slug, replacement],
    queryFn: ({ signal }) => preview(scope, role.slug, replacement, signal),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 0,
    refetchInterval: false,
  });
  const [isAsked, setAsked] = useState(false);
  const isNeeded = needsReplacement(error);
  if (isNeeded && !isAsked) setAsked(true);
  const candidates = roles.filter(
    ({ slug, type }) => slug !== role.slug && (scope.organizationId || type === role.type),
  );
  return (
    <FormDialog
      title="Delete role"
      submit="Delete role"
      done={`Role ${role.name} deleted`}
      danger
      call={deletion(scope, role.slug, replacement)}
      fields={["replacement_role_slug", "replacement_default_role_slug"]}
      off={isNeeded || (!data && error !== null) || isFetching}
      size={500}
      onClose={onClose}
    >
      {(violations) => (
        <Stack gap="sm" mih={64}>
          <Text className="breakable">
            <b>
              <bdi>{role.name}</bdi>
            </b>{" "}
            (<span className="mono">{role.slug}</span>) will be deleted for good.
          </Text>
          {(isNeeded || isAsked) && (
            <NativeSelect
              label={scope.organizationId ? "Replacement" : "New default role"}
              description={isNeeded ? whyReplacement(error, scope.organizationId) : undefined}
              error={violations["replacement_role_slug"] ?? violations["replacement_default_role_slug"]}
              value={replacement}
              onChange={(event) => setReplacement(event.currentTarget.value)}
              data={[
                { value: "", label: "Choose a role" },
                ...candidates.map(({ slug, name }) => ({ value: slug, label: `${name} (${slug})` })),
              ]}
            />
          )}
          {isNeeded ? null : error && !isFetching ? (
            <ErrorNotice error={error} onRetry={() => void refetch()} />
          ) : data ? (
            effectInWords(data, scope).map((line) => <Text key={line}>{line}</Text>)
          ) : (
            <Skeleton h={16} w="70%" />
          )}
        </Stack>
      )}
    </FormDialog>
  );
}
