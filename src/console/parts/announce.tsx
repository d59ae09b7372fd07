import { VisuallyHidden } from "@mantine/core";
import { useSyncExternalStore } from "react";

let text = "";
const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Says to screen readers what has happened. */
export function announce(happened: string): void {
  text = happened;
  for (const listener of listeners) listener();
}

export const Announcer = () => (
  <VisuallyHidden role="status" aria-live="polite">
    {useSyncExternalStore(subscribe, () => text)}
  </VisuallyHidden>
);
