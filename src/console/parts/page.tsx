import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { Link } from "react-router";
import { Mono } from "./text";

interface Props {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly above?: ReactNode;
  readonly children: ReactNode;
}

/** Lays out a page: its title, a sentence about it, its main action, and its contents. */
export function Page({ title, lead, actions, above, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Org Roles`;
  }, [title]);
  return (
    <Stack gap="lg" className="page">
      <div>
        {above}
        <Group justify="space-between" align="center" gap="sm" mih={36}>
          <Title order={1} fz={24} lh={1.3} className="cut" title={title}>
            {title}
          </Title>
          {actions && (
            <Group gap="sm" wrap="nowrap" className="page-actions">
              {actions}
            </Group>
          )}
        </Group>
        {lead && (
          <Text c="dimmed" mt={6} maw={720} className="lead">
            {lead}
          </Text>
        )}
      </div>
      {children}
    </Stack>
  );
}

/** Leads back to the list that a page belongs to. */
export const Crumbs = ({ to, list, id }: { to: string; list: string; id: string }) => (
  <Breadcrumbs mb={6} separatorMargin={6} className="crumbs">
    <Anchor component={Link} to={to} size="sm">
      {list}
    </Anchor>
    <Text size="sm" c="dimmed" component="span">
      <Mono>{id}</Mono>
    </Text>
  </Breadcrumbs>
);
