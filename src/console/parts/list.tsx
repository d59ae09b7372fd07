import { Button, Group, TextInput } from "@mantine/core";
import { IconButton } from "./action-button";
import { EditIcon, SearchIcon, TrashIcon } from "./icons";
import { Mark } from "./text";

interface SearchProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Searches a list, from its head. */
export const ListSearch = ({ label, onChange, ...input }: SearchProps) => (
  <TextInput
    className="list-search"
    aria-label={label}
    leftSection={<SearchIcon size={16} />}
    onChange={(event) => onChange(event.currentTarget.value)}
    {...input}
  />
);

interface MoreProps {
  readonly query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => Promise<unknown>;
  };
  readonly children?: string;
}

/** Loads the next page of a list, if there is one. */
export const ShowMore = ({ query, children = "Show more" }: MoreProps) =>
  query.hasNextPage && (
    <div className="list-foot">
      <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {children}
      </Button>
    </div>
  );

interface RowActionsProps {
  readonly edit: string;
  readonly remove: string;
  readonly refused: string | undefined;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

/** Changes or removes the item of a row. */
export const RowActions = ({ edit, remove, refused, onEdit, onRemove }: RowActionsProps) => (
  <div className="row-actions">
    <IconButton label={edit} refused={refused} onClick={onEdit}>
      <EditIcon />
    </IconButton>
    <IconButton label={remove} danger refused={refused} onClick={onRemove}>
      <TrashIcon />
    </IconButton>
  </div>
);

interface MemberRolesProps {
  readonly slugs: readonly string[];
  readonly primary: string;
  readonly nameOf?: (slug: string) => string;
}

/** Shows the roles of a member, with its primary role. */
export const MemberRoles = ({ slugs, primary, nameOf = (slug) => slug }: MemberRolesProps) => (
  <Group gap={6} className="row-roles">
    {slugs.map((slug) => (
      <Mark key={slug} kind={slug === primary ? "default" : "inherited"}>
        {nameOf(slug)}
      </Mark>
    ))}
  </Group>
);
