import {
  type Announcements,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  closestCenter,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { Alert, Button, Group, Text } from "@mantine/core";
import { Suspense, lazy, useCallback, useMemo, useState } from "react";
import { explain, isConflict } from "../api/errors";
import type { Roles, Scope } from "../api/lists";
import type { Role } from "../gen/orgroles/v1/role_pb";
import { CopyCall } from "../parts/copy-call";
import { ErrorNotice } from "../parts/error-notice";
import { WarningIcon } from "../parts/icons";
import { count } from "../parts/text";
import { useReorder } from "./reorder";
import { type RoleAction, RoleRow, type RowRules } from "./role-row";

const EditRole = lazy(() => import("./edit-role"));
const DefaultRole = lazy(() => import("./default-role"));
const DeleteRole = lazy(() => import("./delete-role"));

interface Props {
  readonly scope: Scope;
  readonly list: Roles;
  readonly rules: RowRules;
}

/** Shows roles in their order of priority, and changes them. */
export function RoleList({ scope, list, rules }: Props) {
  const { roles, config } = list;
  const order = useReorder(scope, list);
  const [open, setOpen] = useState<{ action: RoleAction; role: Role }>();
  const slugs = useMemo(() => roles.map(({ slug }) => slug), [roles]);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const onAction = useCallback((action: RoleAction, role: Role) => setOpen({ action, role }), []);
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    const index = over ? slugs.indexOf(String(over.id)) : -1;
    if (index >= 0 && active.id !== over?.id) order.moveTo(String(active.id), index);
  };
  const close = () => setOpen(undefined);
  const dialog = { scope, onClose: close };
  return (
    <>
      {order.error && <OrderTrouble order={order} />}
      <div className="list">
        <div className="list-head">
          <Text size="sm" c="dimmed">
            {count(roles.length, "role")}
            <span className="wide-only">, highest priority first</span>
          </Text>
          {rules.reorder === undefined && <CopyCall of={order.call} />}
        </div>
        <DndContext
          sensors={sensors}
          collisionDetection={closestCenter}
          onDragEnd={onDragEnd}
          accessibility={{ announcements: announcements(roles), screenReaderInstructions: instructions }}
        >
          <SortableContext items={slugs} strategy={verticalListSortingStrategy}>
            <ol className="rows" aria-label="Roles by priority">
              {roles.map((role) => (
                <RoleRow key={role.slug} role={role} rules={rules} onAction={onAction} />
              ))}
            </ol>
          </SortableContext>
        </DndContext>
      </div>
      <Suspense>
        {open?.action === "edit" && <EditRole key={open.role.slug} role={open.role} {...dialog} />}
        {open?.action === "default" && <DefaultRole role={open.role} config={config} {...dialog} />}
        {open?.action === "delete" && <DeleteRole role={open.role} roles={roles} {...dialog} />}
      </Suspense>
    </>
  );
}

function OrderTrouble({ order }: { order: ReturnType<typeof useReorder> }) {
  if (!isConflict(order.error)) return <ErrorNotice error={order.error} onRetry={order.moveAgain} />;
  const { title, text } = explain(order.error);
  return (
    <Alert
      color="yellow"
      variant="light"
      icon={<WarningIcon />}
      title={title}
      role="alert"
      className="notice notice-mild"
    >
      <Text size="sm">{text}</Text>
      {order.changes.map((line) => (
        <Text size="sm" key={line} className="breakable">
          {line}
        </Text>
      ))}
      <Group gap="sm" mt="sm">
        <Button size="xs" variant="default" onClick={order.moveAgain}>
          Move it again
        </Button>
        <Button size="xs" variant="subtle" color="gray" className="quiet" onClick={order.dismiss}>
          Leave it
        </Button>
      </Group>
    </Alert>
  );
}

const instructions = {
  draggable:
    "Press Space or Enter to pick the role up. Move it with the arrow keys, put it down with Space or Enter, and leave it where it was with Escape.",
};

function announcements(roles: readonly Role[]): Announcements {
  const nameOf = (id: unknown) => roles.find(({ slug }) => slug === id)?.name ?? "The role";
  const placeOf = (id: unknown) => roles.findIndex(({ slug }) => slug === id) + 1;
  return {
    onDragStart: ({ active }) => `${nameOf(active.id)} is picked up, position ${placeOf(active.id)} of ${roles.length}`,
    onDragOver: ({ active, over }) =>
      over && over.id !== active.id
        ? `${nameOf(active.id)} is at position ${placeOf(over.id)} of ${roles.length}`
        : undefined,
    onDragEnd: ({ active, over }) => `${nameOf(active.id)} is put down at position ${placeOf(over?.id ?? active.id)}`,
    onDragCancel: ({ active }) => `${nameOf(active.id)} stays where it was`,
  };
}
