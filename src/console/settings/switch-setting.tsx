import { Text } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/call";
import type { Environment } from "../gen/orgroles/v1/environment_pb";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import { FormDialog } from "../parts/form-dialog";

export type Switch = "multipleRolesEnabled" | "escalationGuardEnabled";

const paths = {
  multipleRolesEnabled: "multiple_roles_enabled",
  escalationGuardEnabled: "escalation_guard_enabled",
} as const;

type Effects = Readonly<Record<Switch, { readonly on: readonly string[]; readonly off: readonly string[] }>>;

const effects: Effects = {
  multipleRolesEnabled: {
    on: ["From now on a member may have several roles. Nobody’s roles change by that."],
    off: [
      "Each member with several roles keeps only the highest of them.",
      "Switching it on again does not bring the other roles back.",
    ],
  },
  escalationGuardEnabled: {
    on: [
      "Calls for a user, and credentials that are bound to one, give in an organization only permissions and roles that the user has there. Of the environment itself they change nothing.",
      "Calls without a user are your backend’s own, and stay as they are.",
    ],
    off: ["Calls for a user may then give everything that their credential allows."],
  },
};

const names = { multipleRolesEnabled: "multiple roles", escalationGuardEnabled: "the escalation guard" } as const;

interface Props {
  readonly environment: Environment;
  readonly setting: Switch;
  readonly onClose: () => void;
}

/** Switches a setting on or off, and says before what that does. */
export default function SwitchSetting({ environment, setting, onClose }: Props) {
  const [to] = useState<"on" | "off">(environment[setting] ? "off" : "on");
  const isHarmful = to === "off";
  return (
    <FormDialog
      title={`Switch ${to} ${names[setting]}`}
      submit={`Switch ${to}`}
      done="The setting is saved"
      danger={isHarmful}
      call={call(EnvironmentService.method.updateEnvironment, {
        environmentId: environment.id,
        environment: { [setting]: to === "on" },
        updateMask: { paths: [paths[setting]] },
        etag: environment.etag,
      })}
      size={500}
      onClose={onClose}
    >
      {effects[setting][to].map((line) => (
        <Text key={line}>{line}</Text>
      ))}
    </FormDialog>
  );
}
