import type { Endpoint, Verb } from "./endpoint";
import type { ServedEndpoint } from "./served-endpoint";

/** An endpoint, and the parts of the path that its names in braces stand for. */
export interface Route {
  readonly endpoint: ServedEndpoint;
  readonly path: Readonly<Record<string, string>>;
}

const nameOf = (segment: string) => /^\{(\w+)\}$/.exec(segment)?.[1];

const countNames = ({ path }: Endpoint) => path.split("{").length;

/** Finds endpoints by method and path. Endpoints whose paths differ in a fixed part come before those with a name there. */
export class Routes {
  private readonly patterns: readonly { readonly endpoint: ServedEndpoint; readonly segments: readonly string[] }[];

  constructor(endpoints: readonly ServedEndpoint[]) {
    this.patterns = endpoints
      .toSorted((one, other) => countNames(one) - countNames(other))
      .map((endpoint) => ({ endpoint, segments: endpoint.path.split("/") }));
  }

  find(verb: string | undefined, path: string): Route | undefined {
    const segments = decodeSegments(path);
    if (!segments) return undefined;
    for (const pattern of this.patterns) {
      if (pattern.endpoint.verb !== (verb as Verb) || pattern.segments.length !== segments.length) continue;
      const parts = matchSegments(pattern.segments, segments);
      if (parts) return { endpoint: pattern.endpoint, path: parts };
    }
    return undefined;
  }
}

/** Returns the parts of a path as they are meant; undefined if they cannot be decoded. */
function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const parts: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const expected = pattern[index] ?? "";
    const name = nameOf(expected);
    if (name && segment !== "") parts[name] = segment;
    else if (name || expected !== segment) return undefined;
  }
  return parts;
}
