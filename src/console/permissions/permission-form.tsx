import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Call, call } from "../api/call";
import type { Permission } from "../gen/orgroles/v1/permission_pb";
import { PermissionService } from "../gen/orgroles/v1/permission_service_pb";
import { FormDialog } from "../parts/form-dialog";

interface Props {
  readonly environmentId: string;
  readonly permission?: Permission;
  readonly onClose: () => void;
}

/** Creates a permission, or changes one. */
export default function PermissionForm({ environmentId, permission, onClose }: Props) {
  const [slug, setSlug] = useState(permission?.slug ?? "");
  const [name, setName] = useState(permission?.name ?? "");
  const [description, setDescription] = useState(permission?.description ?? "");
  const paths = [
    ...(name === permission?.name ? [] : ["name"]),
    ...(description === permission?.description ? [] : ["description"]),
  ];
  const { createPermission, updatePermission } = PermissionService.method;
  const update = permission && {
    environmentId,
    slug,
    permission: { name, description },
    updateMask: { paths },
    etag: permission.etag,
  };
  const made: Call = update
    ? call(updatePermission, update)
    : call(createPermission, { environmentId, slug, name, description });
  return (
    <FormDialog
      title={permission ? "Edit permission" : "Create permission"}
      submit={permission ? "Save" : "Create permission"}
      done={permission ? `Permission ${slug} saved` : `Permission ${slug} created`}
      call={made}
      fields={["slug", "name", "description"]}
      off={permission !== undefined && !paths.length}
      size={500}
      onClose={onClose}
    >
      {(violations) => (
        <>
          <TextInput
            label="Slug"
            description={
              permission ? "Never changes." : "What your code asks for, such as invoices:read. It never changes."
            }
            classNames={{ input: "mono" }}
            readOnly={permission !== undefined}
            data-autofocus={permission ? undefined : true}
            spellCheck={false}
            autoComplete="off"
            value={slug}
            error={violations["slug"]}
            onChange={(event) => setSlug(event.currentTarget.value)}
          />
          <TextInput
            label="Name"
            data-autofocus={permission ? true : undefined}
            value={name}
            error={violations["name"]}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textarea
            label="Description"
            rows={2}
            value={description}
            error={violations["description"]}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
        </>
      )}
    </FormDialog>
  );
}
