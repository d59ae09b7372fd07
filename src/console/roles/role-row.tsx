import { useSortable } from "@dnd-kit/sortable";
import { UnstyledButton } from "@mantine/core";
import { memo } from "react";
import { type Role, RoleType } from "../gen/orgroles/v1/role_pb";
import { IconButton } from "../parts/action-button";
import { EditIcon, GripIcon, StarIcon, TrashIcon } from "../parts/icons";
import { Mark, Mono, count } from "../parts/text";

export type RoleAction = "edit" | "default" | "delete";

export interface RowRules {
  /** Why the order cannot be changed here, undefined if it can. */
  readonly reorder: string | undefined;
  readonly default: string | undefined;
  readonly change: string | undefined;
  readonly isOrganization: boolean;
}

interface Props {
  readonly role: Role;
  readonly rules: RowRules;
  readonly onAction: (action: RoleAction, role: Role) => void;
}

const belongsToEnvironment = "Belongs to the environment: change it there";

const Facts = memo(function Facts({ role }: { role: Role }) {
  const shown = role.permissions.slice(0, 3);
  return (
    <>
      {role.description && (
        <bdi className="row-text cut" title={role.description}>
          {role.description}
        </bdi>
      )}
      <span className="row-permissions" title={role.permissions.join("\n")}>
        <span className="cut">
          {role.permissions.length ? count(role.permissions.length, "permission") : "No permissions"}
          {shown.length > 0 && (
            <span className="mono dim">{` ${shown.join(", ")}${role.permissions.length > 3 ? ", …" : ""}`}</span>
          )}
        </span>
      </span>
    </>
  );
});

export const RoleRow = memo(function RoleRow({ role, rules, onAction }: Props) {
  const { setNodeRef, setActivatorNodeRef, attributes, listeners, transform, transition, isDragging } = useSortable({
    id: role.slug,
    disabled: rules.reorder !== undefined,
  });
  const isInherited = rules.isOrganization && role.type === RoleType.ENVIRONMENT;
  const change = rules.change ?? (isInherited ? belongsToEnvironment : undefined);
  return (
    <li
      ref={setNodeRef}
      className="row role-row"
      data-dragging={isDragging || undefined}
      style={{ transform: transform ? `translate3d(0, ${Math.round(transform.y)}px, 0)` : undefined, transition }}
    >
      {rules.reorder === undefined ? (
        <button
          ref={setActivatorNodeRef}
          type="button"
          className="grip"
          {...attributes}
          {...listeners}
          aria-label={`Move ${role.name}, position ${role.priority}`}
        >
          <GripIcon size={16} />
        </button>
      ) : (
        <span className="grip-place" />
      )}
      <span className="row-number" aria-label={`Priority ${role.priority}`}>
        {role.priority}
      </span>
      <div className="row-main">
        <div className="row-head">
          <UnstyledButton
            className="row-name"
            onClick={() => onAction("edit", role)}
            disabled={change !== undefined}
            title={change ?? role.name}
          >
            <bdi className="cut">{role.name}</bdi>
          </UnstyledButton>
          {role.isDefault && <Mark kind="default">Default</Mark>}
          {rules.isOrganization &&
            (isInherited ? <Mark kind="inherited">Inherited</Mark> : <Mark kind="custom">Custom</Mark>)}
          <Mono className="dim row-slug">{role.slug}</Mono>
        </div>
        <div className="row-facts">
          <Facts role={role} />
        </div>
      </div>
      <div className="row-actions">
        <IconButton label={`Edit ${role.name}`} refused={change} onClick={() => onAction("edit", role)}>
          <EditIcon />
        </IconButton>
        <IconButton
          label={`Make ${role.name} the default`}
          refused={role.isDefault ? "Is the default role" : rules.default}
          onClick={() => onAction("default", role)}
        >
          <StarIcon />
        </IconButton>
        <IconButton label={`Delete ${role.name}`} danger refused={change} onClick={() => onAction("delete", role)}>
          <TrashIcon />
        </IconButton>
      </div>
    </li>
  );
});
