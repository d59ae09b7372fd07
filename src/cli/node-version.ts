/** The oldest Node that the service is tested on, as `engines` in package.json says. */
export const oldestNode = "20.19.0";

/** Returns what to do about a Node that is too old. An old Node has to parse this file: no new syntax here. */
export function nodeFault(running: string): string | undefined {
  if (!isOlder(running, oldestNode)) return undefined;
  return (
    "Org Roles needs Node " +
    oldestNode +
    " or newer, and this is Node " +
    running +
    ": install Node 24 from nodejs.org."
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
