import { Button, Stack, Text, Title } from "@mantine/core";
import { Component, type ReactNode } from "react";

interface Props {
  readonly children: ReactNode;
}

/** Shows a page instead of none where the console itself has failed. */
export class ErrorBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Stack align="center" ta="center" py={96} px="md" gap="sm">
        <Title order={1} fz={22}>
          This page could not be shown
        </Title>
        <Text c="dimmed" maw={420}>
          The console has failed, or a newer version of it was installed meanwhile. Nothing on the server was changed by
          that.
        </Text>
        <Button mt="sm" onClick={() => window.location.reload()}>
          Load it again
        </Button>
      </Stack>
    );
  }
}
