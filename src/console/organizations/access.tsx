import { Button, NativeSelect, Paper, Skeleton, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/call";
import { useCall, usePermissions, useRoles } from "../api/lists";
import type { CheckPermissionResponse } from "../gen/orgroles/v1/access_service_pb";
import { AccessService } from "../gen/orgroles/v1/access_service_pb";
import { violationsOf } from "../api/errors";
import { CopyCall } from "../parts/copy-call";
import { ErrorNotice } from "../parts/error-notice";
import { CheckIcon, CrossIcon } from "../parts/icons";
import type { OrganizationScope } from "./scope";

interface Question {
  readonly userId: string;
  readonly permission: string;
}

const list = (words: readonly string[], last: string) =>
  words.length > 1 ? `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}` : (words[0] ?? "");

/** Answers "may she?", and what would help. */
export function Access({ scope }: { scope: OrganizationScope }) {
  const [userId, setUserId] = useState("");
  const [permission, setPermission] = useState("");
  const [asked, setAsked] = useState<Question>();
  const { data: permissions } = usePermissions(scope.environmentId);
  const isNew = asked?.userId !== userId || asked.permission !== permission;
  const check = call(AccessService.method.checkPermission, { ...scope, ...(asked ?? { userId: "", permission: "" }) });
  const { data, error, refetch, isFetching } = useCall(check, asked !== undefined);
  const violations = error ? violationsOf(error) : {};
  return (
    <Stack gap="md">
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          if (isNew) setAsked({ userId: userId.trim(), permission });
          else void refetch();
        }}
      >
        <TextInput
          label="User id"
          classNames={{ input: "mono" }}
          spellCheck={false}
          autoComplete="off"
          value={userId}
          error={isNew ? undefined : violations["user_id"]}
          onChange={(event) => setUserId(event.currentTarget.value)}
        />
        <NativeSelect
          label="Permission"
          value={permission}
          onChange={(event) => setPermission(event.currentTarget.value)}
          data={[
            { value: "", label: "Choose a permission" },
            ...(permissions ?? []).map(({ slug, name }) => ({ value: slug, label: `${name} (${slug})` })),
          ]}
        />
        <Button type="submit" loading={isFetching && asked !== undefined} disabled={!userId.trim() || !permission}>
          Check
        </Button>
      </form>
      {!asked ? (
        <Text c="dimmed">
          Why can’t she open invoices? Name the user and the permission: you see whether it is allowed, which role
          grants it, and what would help.
        </Text>
      ) : error && !data ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <Answer scope={scope} question={asked} answer={data} copy={<CopyCall of={check} />} />
      ) : (
        <Skeleton h={120} radius="md" />
      )}
    </Stack>
  );
}

interface AnswerProps {
  readonly scope: OrganizationScope;
  readonly question: Question;
  readonly answer: CheckPermissionResponse;
  readonly copy: React.ReactNode;
}

function Answer({ scope, question: { userId, permission }, answer, copy }: AnswerProps) {
  const { allowed, grantedBy, nearestRoles, reason } = answer;
  const { data } = useRoles(scope);
  const nameOf = (slug: string) => data?.roles.find((role) => role.slug === slug)?.name ?? slug;
  const why = allowed
    ? `${grantedBy.length > 1 ? "Their roles" : "Their role"} ${list(grantedBy.map(nameOf), "and")} ${grantedBy.length > 1 ? "grant" : "grants"} it.`
    : reason === "PERMISSION_UNKNOWN"
      ? "The environment has no such permission."
      : reason === "MEMBERSHIP_NOT_FOUND"
        ? "The user is no member of this organization."
        : "None of their roles grants it.";
  const help = allowed
    ? ""
    : reason === "PERMISSION_UNKNOWN"
      ? "Create it on the page of permissions, and give it to a role."
      : nearestRoles.length
        ? `What would help: the role ${list(nearestRoles.map(nameOf), "or")}.`
        : "No role of this organization grants it yet. Give it to a role first.";
  return (
    <Paper className={allowed ? "answer answer-yes" : "answer answer-no"} role="status">
      <span className="answer-icon">{allowed ? <CheckIcon size={20} /> : <CrossIcon size={20} />}</span>
      <div className="answer-text">
        <Title order={2} fz={18}>
          {allowed ? "Allowed" : "Not allowed"}
        </Title>
        <Text className="breakable">
          <span className="mono">{userId}</span> {allowed ? "may" : "may not"}{" "}
          <span className="mono">{permission}</span> in <span className="mono">{scope.organizationId}</span>.
        </Text>
        <Text className="breakable" mt={4}>
          {why}
        </Text>
        {help && (
          <Text className="breakable" mt={4}>
            {help}
          </Text>
        )}
        <div className="answer-copy">{copy}</div>
      </div>
    </Paper>
  );
}
