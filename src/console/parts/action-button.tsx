import { ActionIcon, Button } from "@mantine/core";
import type { ReactNode } from "react";

interface Action {
  readonly onClick: () => void;
  /** Why the action is off, undefined if it is not. The button says so, and can still be reached by the keyboard. */
  readonly refused?: string | undefined;
}

const stateOf = ({ onClick, refused }: Action) => ({
  onClick: refused ? () => undefined : onClick,
  ...(refused && { "aria-disabled": true as const, "data-disabled": true, title: refused }),
});

interface ButtonProps extends Action {
  readonly children: ReactNode;
  readonly icon?: ReactNode;
  readonly kind?: "filled" | "default" | "danger";
  readonly pending?: boolean;
}

const looks = {
  filled: { variant: "filled" },
  default: { variant: "default" },
  danger: { variant: "default", className: "danger-button" },
} as const;

export const ActionButton = ({ children, icon, kind = "filled", pending = false, ...action }: ButtonProps) => (
  <Button {...looks[kind]} leftSection={icon} loading={pending} {...stateOf(action)}>
    {children}
  </Button>
);

interface IconProps extends Action {
  readonly label: string;
  readonly children: ReactNode;
  readonly danger?: boolean;
}

export const IconButton = ({ label, children, danger = false, ...action }: IconProps) => (
  <ActionIcon
    className={danger ? "row-action danger" : "row-action"}
    variant="subtle"
    color="gray"
    size={34}
    aria-label={label}
    title={label}
    {...stateOf(action)}
  >
    {children}
  </ActionIcon>
);
