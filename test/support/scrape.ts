import { get } from "node:http";
import { text as read } from "node:stream/consumers";

export interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

export function fetchFrom(address: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(`http://${address}${path}`, { agent: false }, (response) => {
      read(response).then(
        (body) => resolve({ status: response.statusCode, type: response.headers["content-type"], body }),
        reject,
      );
    }).once("error", reject);
  });
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** By the names of metrics, which those of samples begin with. */
  readonly help: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, string>;
  /** The sum of all samples with these labels; undefined: there is none. */
  readonly value: (name: string, labels?: Record<string, string>) => number | undefined;
}

/** What Prometheus gets. */
export async function scrape(address: string): Promise<Scrape> {
  const { body } = await fetchFrom(address, "/metrics");
  const samples: Sample[] = [];
  const help = new Map<string, string>();
  const types = new Map<string, string>();
  for (const line of body.split("\n").filter(Boolean)) {
    const [, kind, about = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind) {
      (kind === "HELP" ? help : types).set(about, rest);
      continue;
    }
    const [, name = "", labels = "", value = ""] = /^([a-z_][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (!name) throw new Error(`no line of a scrape: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", text = ""]) => [label, text]);
    samples.push({ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) });
  }
  const value = (name: string, labels: Record<string, string> = {}) => {
    const found = samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
    );
    return found.length ? found.reduce((sum, sample) => sum + sample.value, 0) : undefined;
  };
  return { text: body, samples, help, types, value };
}
