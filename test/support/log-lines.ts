import type { ServiceProcess } from "./process";

/** Returns the lines that a service has logged so far. */
export function linesOf<Line>(service: ServiceProcess): Line[] {
  return service
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
}
