import { Skeleton, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { call, send } from "../api/call";
import type { Environment } from "../gen/orgroles/v1/environment_pb";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import { ErrorNotice } from "../parts/error-notice";
import { FormDialog } from "../parts/form-dialog";
import { count } from "../parts/text";

interface Props {
  readonly environment: Environment;
  readonly onClose: () => void;
}

/** Deletes an environment, after its id was typed. Shows before how many organizations lose their data. */
export default function DeleteEnvironment({ environment: { id }, onClose }: Props) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const { deleteEnvironment } = EnvironmentService.method;
  const input = { environmentId: id, force: true };
  const { data, error, refetch } = useQuery({
    queryKey: ["preview", "delete-environment", id],
    queryFn: ({ signal }) => send(call(deleteEnvironment, { ...input, validateOnly: true }), signal),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const affected = data?.deletedOrganizationCount;
  return (
    <FormDialog
      title="Delete environment"
      submit="Delete environment"
      done={`Environment ${id} deleted`}
      danger
      call={call(deleteEnvironment, input)}
      off={typed !== id || !data}
      size={500}
      onDone={() => {
        // the list of environments still has this one
        client.removeQueries({ queryKey: [EnvironmentService.typeName] });
        void navigate("/");
      }}
      onClose={onClose}
    >
      {error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : affected === undefined ? (
        <Skeleton h={22} w="80%" />
      ) : (
        <Text>
          {affected
            ? `${count(affected, "organization")} ${affected === 1 ? "loses" : "lose"} members, groups and custom roles. `
            : "No organization has data here. "}
          Nothing brings it back.
        </Text>
      )}
      <TextInput
        label={`Type ${id} to confirm`}
        classNames={{ input: "mono" }}
        data-autofocus
        spellCheck={false}
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
