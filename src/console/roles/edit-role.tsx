import { Alert, Button, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { call } from "../api/call";
import { type Scope, useRoles } from "../api/lists";
import type { Role } from "../gen/orgroles/v1/role_pb";
import { RoleService } from "../gen/orgroles/v1/role_service_pb";
import { FormDialog } from "../parts/form-dialog";
import { WarningIcon } from "../parts/icons";
import { PermissionPicker } from "../parts/permission-picker";
import { changedPaths, describeChanges, rebase, valuesOf } from "./role-changes";

const fields = ["name", "description", "permissions"];

export default function EditRole({ scope, role, onClose }: { scope: Scope; role: Role; onClose: () => void }) {
  const { environmentId, organizationId } = scope;
  const [base, setBase] = useState(role);
  const [values, setValues] = useState(() => valuesOf(role));
  const { data } = useRoles(scope);
  const current = data?.roles.find(({ slug }) => slug === role.slug);
  const paths = changedPaths(valuesOf(base), values);
  const made = call(RoleService.method.updateRole, {
    environmentId,
    ...(organizationId && { organizationId }),
    slug: role.slug,
    role: { name: values.name, description: values.description, permissions: [...values.permissions].sort() },
    updateMask: { paths },
    etag: base.etag,
  });
  const newer = current && current.etag !== base.etag ? current : undefined;
  const takeOver = (theirs: Role) => {
    setValues(rebase(valuesOf(base), values, valuesOf(theirs)));
    setBase(theirs);
  };
  return (
    <FormDialog
      title="Edit role"
      submit="Save"
      done={`Role ${values.name} saved`}
      call={made}
      fields={fields}
      off={!paths.length}
      onClose={onClose}
    >
      {(violations) => (
        <>
          <TextInput
            label="Name"
            data-autofocus
            value={values.name}
            error={violations["name"]}
            onChange={(event) => setValues({ ...values, name: event.currentTarget.value })}
          />
          <TextInput
            label="Slug"
            classNames={{ input: "mono" }}
            value={role.slug}
            readOnly
            description="Never changes."
          />
          <Textarea
            label="Description"
            rows={2}
            value={values.description}
            error={violations["description"]}
            onChange={(event) => setValues({ ...values, description: event.currentTarget.value })}
          />
          <PermissionPicker
            environmentId={environmentId}
            value={values.permissions}
            onChange={(permissions) => setValues({ ...values, permissions })}
            error={violations["permissions"]}
          />
          {newer && (
            <Alert
              className="notice notice-mild"
              color="yellow"
              variant="light"
              icon={<WarningIcon />}
              title="Changed by somebody else meanwhile"
              role="alert"
            >
              {describeChanges(valuesOf(base), valuesOf(newer)).map((line) => (
                <Text size="sm" key={line} className="breakable">
                  {line}
                </Text>
              ))}
              <Button size="xs" variant="default" mt="sm" onClick={() => takeOver(newer)}>
                Take over their changes, keep mine
              </Button>
            </Alert>
          )}
        </>
      )}
    </FormDialog>
  );
}
