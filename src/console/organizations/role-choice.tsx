import { Checkbox, Input, NativeSelect } from "@mantine/core";
import type { Role } from "../gen/orgroles/v1/role_pb";

interface Props {
  readonly roles: readonly Role[];
  readonly value: readonly string[];
  readonly several: boolean;
  readonly error?: string | undefined;
  /** The meaning of choosing nothing, undefined if something has to be chosen. */
  readonly none?: string | undefined;
  readonly onChange: (slugs: string[]) => void;
}

/** Chooses one role, or several where the environment allows it. */
export function RoleChoice({ roles, value, several, error, none, onChange }: Props) {
  if (!several)
    return (
      <NativeSelect
        label="Role"
        error={error}
        value={value[0] ?? ""}
        data={[
          { value: "", label: none ?? "Choose a role" },
          ...roles.map(({ slug, name }) => ({ value: slug, label: `${name} (${slug})` })),
        ]}
        onChange={(event) => onChange(event.currentTarget.value ? [event.currentTarget.value] : [])}
      />
    );
  const toggle = (slug: string, chosen: boolean) =>
    onChange(chosen ? [...value, slug] : value.filter((other) => other !== slug));
  return (
    <Input.Wrapper label="Roles" labelElement="div" description={none && `Nothing chosen: ${none}`} error={error}>
      <div className="picker" role="group" aria-label="Roles" tabIndex={0}>
        {roles.map(({ slug, name }) => (
          <Checkbox
            key={slug}
            size="xs"
            className="picker-item"
            label={
              <span className="picker-label">
                <bdi className="cut" title={name}>
                  {name}
                </bdi>
                <span className="mono dim cut">{slug}</span>
              </span>
            }
            checked={value.includes(slug)}
            onChange={(event) => toggle(slug, event.currentTarget.checked)}
          />
        ))}
      </div>
    </Input.Wrapper>
  );
}
