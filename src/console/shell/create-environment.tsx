import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useNavigate } from "react-router";
import { call } from "../api/call";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import { FormDialog } from "../parts/form-dialog";
import { paths } from "./paths";

export default function CreateEnvironment({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [environmentId, setId] = useState("");
  const [displayName, setDisplayName] = useState("");
  return (
    <FormDialog
      title="Create environment"
      submit="Create environment"
      done={`Environment ${environmentId} created`}
      call={call(EnvironmentService.method.createEnvironment, { environmentId, displayName })}
      fields={["environment_id", "display_name"]}
      size={500}
      onDone={() => void navigate(paths.roles(environmentId))}
      onClose={onClose}
    >
      {(violations) => (
        <>
          <TextInput
            label="Id"
            description="Your code names the environment by it. It never changes."
            data-autofocus
            classNames={{ input: "mono" }}
            placeholder="production"
            value={environmentId}
            error={violations["environment_id"]}
            onChange={(event) => setId(event.currentTarget.value)}
          />
          <TextInput
            label="Name"
            placeholder="Production"
            value={displayName}
            error={violations["display_name"]}
            onChange={(event) => setDisplayName(event.currentTarget.value)}
          />
        </>
      )}
    </FormDialog>
  );
}
