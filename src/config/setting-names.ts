import { settings } from "./settings";

const prefix = "ORGROLES_";
const known = new Set(settings.map(({ name }) => name));

/** Reports whether a variable is a setting. */
export const isSetting = (name: string): boolean => known.has(name);

/** Returns a fault for each variable that looks like a setting but is not, and one for all service links of Kubernetes. */
export function unknownSettings(variables: Readonly<Record<string, string | undefined>>): string[] {
  const unknown = Object.keys(variables).filter((name) => name.startsWith(prefix) && !isSetting(name));
  const links = unknown.filter((name) => isServiceLink(name, variables[name] ?? ""));
  return [...serviceLinkFaults(links), ...unknown.filter((name) => !links.includes(name)).map(unknownSetting)];
}

/** Reports whether a text looks like a name. Any other text may be a secret. */
const isName = (text: string) => /^[A-Za-z]{1,16}(?:_[A-Za-z]{1,16}){0,4}_?$/.test(text);

const showName = (name: string) => (isName(name) ? name : `${/^(?:[A-Z]{1,16}_){1,4}/.exec(name)?.[0] ?? prefix}…`);

const unknownSetting = (name: string) => `${showName(name)}: is not a setting${suggest(nearestTo(name))}`;

/** Returns the fault of a key of the file that is not a setting, such as `adress` or `ORGROLES_ADDRESS`. */
export function unknownKey(key: string): string {
  if (!isName(key)) return "one of the keys is not a setting";
  const name = key.toUpperCase();
  const nearest = nearestTo(name.startsWith(prefix) ? name : `${prefix}${name}`);
  const meant = nearest === "ORGROLES_CONFIG_FILE" ? undefined : nearest;
  return `${key} is not a setting${suggest(meant?.slice(prefix.length).toLowerCase())}`;
}

const suggest = (nearest: string | undefined) => (nearest ? `; did you mean ${nearest}?` : "");

/** Kubernetes sets these variables in every pod of a namespace, for each Service of the namespace. */
const linkNames = {
  host: /^(.+)_SERVICE_HOST$/,
  number: /^(.+?)_(?:SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)_PORT)$/,
  url: /^(.+?)_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/,
  protocol: /^(.+?)_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/,
  address: /^(.+?)_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/,
};
const linkValues: Record<keyof typeof linkNames, RegExp> = {
  host: /^[\d.]+$|^[\da-f:]*:[\da-f:.]*$/i,
  number: /^\d+$/,
  url: /^(?:tcp|udp|sctp):\/\//,
  protocol: /^(?:tcp|udp|sctp)$/,
  address: /^[\d.]+$|^[\da-f:]*:[\da-f:.]*$/i,
};
const linkKinds = ["host", "number", "url", "protocol", "address"] as const;

const isServiceLink = (name: string, value: string) =>
  linkKinds.some((kind) => linkNames[kind].test(name) && linkValues[kind].test(value));

function serviceLinkFaults(names: readonly string[]): string[] {
  const [first, ...more] = names;
  if (first === undefined) return [];
  const services = new Set(
    names.map((name) => {
      const service = linkKinds.flatMap((kind) => linkNames[kind].exec(name)?.[1] ?? [])[0] ?? "";
      return service.toLowerCase().replaceAll("_", "-");
    }),
  );
  const which =
    services.size === 1 ? `a Service named ${[...services][0]}` : `Services named ${[...services].join(", ")}`;
  const others = more.length ? ` and ${more.length} more like it` : "";
  const verb = more.length ? "are service links" : "is a service link";
  return [
    `${first}${others}: ${verb} that Kubernetes creates for ${which}; ` +
      "set enableServiceLinks: false in the pod, or rename the Service",
  ];
}

/** Returns the setting that begins with the name, or else the most similar one if only a few characters differ. */
function nearestTo(name: string): string | undefined {
  const [nearest] = [...known]
    .map((setting) => ({ setting, distance: distanceBetween(name.toUpperCase(), setting) }))
    .filter(
      ({ setting, distance }) =>
        setting.startsWith(`${name.toUpperCase()}_`) ||
        (distance <= 3 && distance * 2 < setting.length - prefix.length),
    )
    .toSorted((left, right) => left.distance - right.distance);
  return nearest?.setting;
}

/** Counts the characters to insert, delete, replace or exchange with a neighbour. */
function distanceBetween(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
