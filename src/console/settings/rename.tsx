import { TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/call";
import type { Environment } from "../gen/orgroles/v1/environment_pb";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import { FormDialog } from "../parts/form-dialog";

interface Props {
  readonly environment: Environment;
  readonly onClose: () => void;
}

/** Changes the name of an environment. */
export default function Rename({ environment, onClose }: Props) {
  const [displayName, setName] = useState(environment.displayName);
  return (
    <FormDialog
      title="Rename environment"
      submit="Save"
      done="The name is saved"
      call={call(EnvironmentService.method.updateEnvironment, {
        environmentId: environment.id,
        environment: { displayName },
        updateMask: { paths: ["display_name"] },
        etag: environment.etag,
      })}
      fields={["display_name"]}
      off={displayName === environment.displayName}
      size={500}
      onClose={onClose}
    >
      {(violations) => (
        <TextInput
          label="Name"
          data-autofocus
          value={displayName}
          error={violations["display_name"]}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
    </FormDialog>
  );
}
