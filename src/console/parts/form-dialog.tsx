import { Button, Group, Modal, Stack } from "@mantine/core";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { type Call, useAction } from "../api/call";
import { fieldErrorsOf, isTemporary, violationsOf } from "../api/errors";
import { announce } from "./announce";
import { CopyCall } from "./copy-call";
import { ErrorNotice } from "./error-notice";

export type Violations = Readonly<Record<string, string>>;

interface Props<Output extends DescMessage> {
  readonly title: string;
  readonly submit: string;
  readonly done: string;
  readonly call: Call<Output>;
  /** The fields that show their violations themselves. */
  readonly fields?: readonly string[];
  readonly danger?: boolean;
  /** Why the form cannot be sent, undefined if it can. */
  readonly off?: boolean;
  readonly size?: string | number;
  readonly onSend?: () => void;
  readonly onDone?: (output: MessageShape<Output>) => void;
  readonly onClose: () => void;
  readonly children: ReactNode | ((violations: Violations) => ReactNode);
}

/** Returns violations by the last name of their path: `role.permissions[2]` is about `permissions`. */
function byField(violations: Violations): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [path, description] of Object.entries(violations)) {
    const text = description.charAt(0).toUpperCase() + description.slice(1);
    const field =
      path
        .replaceAll(/\[\d+\]/g, "")
        .split(".")
        .at(-1) ?? path;
    texts[field] = texts[field] && texts[field] !== text ? `${texts[field]}. ${text}` : text;
  }
  return texts;
}

/** A dialog that makes one call. It stays, with all that was typed, until the call has succeeded. */
export function FormDialog<Output extends DescMessage>(props: Props<Output>) {
  const { title, submit, done, call, fields = [], danger = false, off = false, size = 620, onClose, children } = props;
  // opened after it was mounted, so that the focus goes back to the button that opened it
  const [opened, setOpened] = useState(false);
  useEffect(() => setOpened(true), []);
  const action = useAction<Output>((output) => {
    announce(done);
    setOpened(false);
    props.onDone?.(output);
  });
  const named = byField(violationsOf(action.error));
  const violations = { ...fieldErrorsOf(action.error), ...named };
  const elsewhere = Object.entries(named).filter(([field]) => !fields.includes(field));
  const isSending = useRef(false); // at once, while a double click comes before the next render
  const send = () => {
    if (off || isSending.current) return;
    isSending.current = true;
    props.onSend?.();
    action.run(call, { onSettled: () => (isSending.current = false) });
  };
  return (
    <Modal
      opened={opened}
      onClose={() => setOpened(false)}
      onExitTransitionEnd={onClose}
      title={title}
      size={size}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": "Close" }}
      attributes={{ header: { role: "none" } }}
      transitionProps={{ duration: 120 }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Stack gap="md">
          {typeof children === "function" ? children(violations) : children}
          {action.error && (
            <ErrorNotice
              error={action.error}
              isAtField={fields.some((field) => field in violations)}
              onRetry={isTemporary(action.error) ? send : undefined}
              more={elsewhere.map(([field, text]) => `${field}: ${text}`)}
            />
          )}
          <Group justify="space-between" gap="sm" mt={4} className="dialog-footer">
            <CopyCall of={call} />
            <Group gap="sm">
              <Button variant="default" onClick={() => setOpened(false)}>
                Cancel
              </Button>
              <Button type="submit" color={danger ? "red" : "indigo"} loading={action.pending} disabled={off}>
                {submit}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
