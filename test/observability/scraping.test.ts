import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse, parseAllDocuments } from "yaml";

const read = (file: string) => readFileSync(file, "utf8");
const alerts = read("docs/operations/alerts.yaml");
const operating = read("docs/operating.md");

interface Monitor {
  readonly spec: {
    readonly jobLabel: string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly endpoints: readonly { readonly port: string; readonly path: string }[];
  };
}
interface Service {
  readonly kind: string;
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly ports: readonly { readonly name: string }[] };
}

/** The job that the alerts select. */
const job = /job="(\w+)"/.exec(alerts)?.[1];
const manifests = parseAllDocuments(read("deploy/kubernetes/orgroles.yaml")).map((one) => one.toJS() as Service);
const service = manifests.find(({ kind }) => kind === "Service");

test("the ServiceMonitor scrapes the Service under the job that the alerts select", () => {
  const { spec } = parse(read("deploy/kubernetes/prometheus-operator/service-monitor.yaml")) as Monitor;
  expect(service?.metadata.labels).toMatchObject(spec.selector.matchLabels);
  expect(service?.metadata.labels[spec.jobLabel]).toBe(job);
  expect(spec.endpoints).toEqual([expect.objectContaining({ port: "metrics", path: "/metrics" })]);
  expect(service?.spec.ports.map(({ name }) => name)).toContain("metrics");
});

test("no annotation has the pods scraped under another job", () => {
  expect(read("deploy/kubernetes/orgroles.yaml")).not.toContain("prometheus.io/");
});

test("the scrape configurations beside the alerts are of that job, and select the pods of the deployment", () => {
  const comment = [...alerts.matchAll(/^# ?(.*)$/gm)].map(([, line]) => line).join("\n");
  const configurations = [...comment.matchAll(/^ {2}scrape_configs:\n(?: {4}.*\n)+/gm)].map(
    ([text]) => parse(text) as { scrape_configs: { job_name: string; relabel_configs?: { regex: string }[] }[] },
  );
  const jobs = configurations.flatMap(({ scrape_configs: all }) => all);
  expect(jobs.map(({ job_name: name }) => name)).toEqual([job, job]);
  expect(jobs[1]?.relabel_configs?.[0]?.regex).toBe(`${service?.metadata.labels["app.kubernetes.io/name"]};metrics`);
});

test("the command of the page makes a PrometheusRule of the alerts", () => {
  const command = /^ *(\{ printf .*) \| kubectl apply -f -$/m.exec(operating)?.[1] ?? "";
  const made = execFileSync("bash", ["-c", command], { encoding: "utf8" });
  expect(parse(made)).toEqual({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "orgroles" },
    spec: parse(alerts) as unknown,
  });
});

test("the page says for each alert what to do, and names those that wake somebody apart from the others", () => {
  const section = operating.slice(operating.indexOf("## Watch"), operating.indexOf("## What to do when"));
  const tables = section.split(/\n\n/).filter((part) => part.startsWith("| alert"));
  const named = tables.map((table) =>
    table
      .split("\n")
      .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name)),
  );
  const { groups } = parse(alerts) as {
    groups: { rules: { alert: string; labels: { severity: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  const of = (severity: string) => rules.flatMap(({ alert, labels }) => (labels.severity === severity ? alert : []));
  expect(named.map((names) => new Set(names))).toEqual([new Set(of("critical")), new Set(of("warning"))]);
});
