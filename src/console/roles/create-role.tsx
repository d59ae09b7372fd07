import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/call";
import type { Scope } from "../api/lists";
import { RoleService } from "../gen/orgroles/v1/role_service_pb";
import { FormDialog } from "../parts/form-dialog";
import { PermissionPicker } from "../parts/permission-picker";
import { useSuggestedSlug } from "./slug-suggestion";

const fields = ["name", "slug", "description", "permissions"];

export default function CreateRole({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  const { environmentId, organizationId } = scope;
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [permissions, setPermissions] = useState<ReadonlySet<string>>(new Set());
  const { slug, isEdited, setSlug, keep } = useSuggestedSlug(scope, name);
  const made = call(RoleService.method.createRole, {
    environmentId,
    ...(organizationId && { organizationId }),
    ...(slug !== "" && { slug }),
    name,
    description,
    permissions: [...permissions].sort(),
  });
  const hint = organizationId
    ? "Begins with org-. Left empty, the server makes one from the name. It never changes."
    : "Your code names the role by it. It never changes.";
  return (
    <FormDialog
      title={organizationId ? "Create custom role" : "Create role"}
      submit="Create role"
      done={`Role ${name} created`}
      call={made}
      fields={fields}
      onSend={keep}
      onClose={onClose}
    >
      {(violations) => (
        <>
          <TextInput
            label="Name"
            data-autofocus
            required
            withAsterisk={false}
            placeholder="Billing admin"
            value={name}
            error={violations["name"]}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="Slug"
            description={hint}
            classNames={{ input: "mono" }}
            value={slug}
            error={violations["slug"]}
            onChange={(event) => setSlug(event.currentTarget.value)}
            spellCheck={false}
            autoComplete="off"
            data-filled={isEdited ? undefined : "from the name"}
          />
          <Textarea
            label="Description"
            autosize={false}
            rows={2}
            value={description}
            error={violations["description"]}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <PermissionPicker
            environmentId={environmentId}
            value={permissions}
            onChange={setPermissions}
            error={violations["permissions"]}
          />
        </>
      )}
    </FormDialog>
  );
}
