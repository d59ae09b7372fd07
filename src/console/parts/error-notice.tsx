import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { explain } from "../api/errors";
import { WarningIcon } from "./icons";

interface Props {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly more?: readonly string[];
}

/** Says what went wrong, and offers a way on. */
export function ErrorNotice({ error, onRetry, more = [] }: Props) {
  const { title, text, requestId } = explain(error);
  return (
    <Alert color="red" variant="light" title={title} icon={<WarningIcon />} role="alert" className="notice">
      <Text size="sm">{text}</Text>
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
