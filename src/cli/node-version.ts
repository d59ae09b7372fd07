/** The oldest supported version of Node, as `engines` in package.json says. */
export const oldestNode = "20.19.0";

/** Returns what to do if Node is too old. An old Node must parse this file, so it contains no new syntax. */
export function nodeFault(running: string): string | undefined {
  if (!isOlder(running, oldestNode)) return undefined;
  return (
    "Org Roles requires Node " +
    oldestNode +
    " or newer, but this is Node " +
    running +
    "; install Node 24 from nodejs.org."
  );
}

function isOlder(version: string, than: string): boolean {
  const left = version.split(".").map(Number);
  const right = than.split(".").map(Number);
  for (let index = 0; index < right.length; index += 1) {
    const difference = (left[index] || 0) - (right[index] || 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
