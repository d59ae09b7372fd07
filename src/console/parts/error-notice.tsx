import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { explain } from "../api/errors";
import { WarningIcon } from "./icons";

interface Props {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly more?: readonly string[];
  /** Whether a field shows already what the error names. */
  readonly isAtField?: boolean;
}

/** Says what went wrong, and offers a way on. */
export function ErrorNotice({ error, onRetry, more = [], isAtField = false }: Props) {
  const { title, text, detail, requestId } = explain(error);
  const notice = useRef<HTMLDivElement>(null);
  // in a long form it may be below what is visible
  useEffect(() => {
    notice.current?.scrollIntoView({ block: "nearest" });
  }, [error]);
  return (
    <Alert
      ref={notice}
      color="red"
      variant="light"
      title={title}
      icon={<WarningIcon />}
      role="alert"
      className="notice"
    >
      <Text size="sm" className="breakable">
        {detail && !isAtField ? `${text} ${detail}` : text}
      </Text>
      {more.map((line) => (
        <Text size="sm" key={line} mt={4}>
          {line}
        </Text>
      ))}
      {(onRetry !== undefined || requestId) && (
        <Group mt="sm" gap="sm">
          {onRetry && (
            <Button size="xs" variant="default" onClick={onRetry}>
              Try again
            </Button>
          )}
          {requestId && (
            <Text size="xs" c="dimmed" className="breakable">
              Request <Code>{requestId}</Code>
            </Text>
          )}
        </Group>
      )}
    </Alert>
  );
}
