import { Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** Holds the place of a list that is not there yet, in the height of its rows. */
export const ListSkeleton = ({ rows = 6 }: { rows?: number }) => (
  <Paper className="list" role="status" aria-busy="true" aria-label="Loading">
    {Array.from({ length: rows }, (_, row) => (
      <Group key={row} className="skeleton-row" wrap="nowrap" gap="md">
        <Skeleton h={14} w={`${34 - (row % 3) * 8}%`} />
        <Skeleton h={14} w="16%" visibleFrom="sm" />
      </Group>
    ))}
  </Paper>
);

interface EmptyProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}

/** Says why a list is empty, and what to do first. */
export const Empty = ({ icon, title, text, children }: EmptyProps) => (
  <Paper className="list empty">
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <div className="empty-icon">{icon}</div>
      <Title order={2} fz={17}>
        {title}
      </Title>
      <Text c="dimmed" maw={440}>
        {text}
      </Text>
      {children && (
        <Group mt="sm" justify="center" gap="sm">
          {children}
        </Group>
      )}
    </Stack>
  </Paper>
);
