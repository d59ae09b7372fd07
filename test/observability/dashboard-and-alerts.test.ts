import { readFileSync } from "node:fs";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";
import { failureOf } from "../support/client";
import { type TestDatabase, engines } from "../support/engines";
import { type ServiceProcess, startProcess } from "../support/process";
import { type Scrape, scrape } from "../support/scrape";
import { serving } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly id: number;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const dashboard = JSON.parse(readFileSync("docs/operations/grafana-dashboard.json", "utf8")) as Dashboard;
const alerts = parse(readFileSync("docs/operations/alerts.yaml", "utf8")) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = alerts.groups.flatMap((group) => group.rules);
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

/** What Prometheus adds to every sample. */
const added = ["job", "instance"];

/** What an expression selects: metrics with the labels and values that it asks of them, and the labels it groups by. */
interface Selected {
  readonly errors: readonly string[];
  readonly metrics: readonly {
    readonly name: string;
    readonly matchers: readonly (readonly [string, string, string])[];
  }[];
  readonly grouping: readonly string[];
}

function selectedBy(expression: string): Selected {
  const text = expression.replaceAll("$__rate_interval", "5m");
  const errors: string[] = [];
  const metrics: { name: string; matchers: (readonly [string, string, string])[] }[] = [];
  const grouping: string[] = [];
  parser.parse(text).iterate({
    enter: ({ type, name, from, to, node }) => {
      const part = text.slice(from, to);
      if (type.isError) errors.push(`${text.slice(0, from)}<here>${text.slice(from)}`);
      if (name === "VectorSelector") {
        const identifier = node.getChild("Identifier");
        metrics.push({ name: identifier ? text.slice(identifier.from, identifier.to) : "", matchers: [] });
      }
      const [, label = "", operator = "", value = ""] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(part) ?? [];
      if (name === "UnquotedLabelMatcher") metrics.at(-1)?.matchers.push([label, operator, value]);
      if (name === "LabelName" && node.parent?.name === "GroupingLabels") grouping.push(part);
    },
  });
  return { errors, metrics, grouping };
}

/** Everything in an expression that the service does not export. */
function unknownIn(expression: string, { samples }: Scrape): string[] {
  const { errors, metrics, grouping } = selectedBy(expression);
  const unknown: string[] = errors.map((error) => `not PromQL: ${error}`);
  const labels = new Set<string>(added);
  for (const { name, matchers } of metrics) {
    const found = samples.filter((sample) => sample.name === name);
    if (name !== "up" && !found.length) unknown.push(`metric ${name}`);
    const own = new Set([...added, ...found.flatMap((sample) => Object.keys(sample.labels))]);
    for (const label of own) labels.add(label);
    for (const [label] of matchers) if (!own.has(label)) unknown.push(`label ${label} of ${name}`);
  }
  for (const label of grouping) if (!labels.has(label)) unknown.push(`label ${label}`);
  return unknown;
}

let database: TestDatabase;
let service: ServiceProcess;
let exported: Scrape;
beforeAll(async () => {
  database = await present(engines[0]).create();
  service = await startProcess({
    ORGROLES_DATABASE_URL: database.url,
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_METRICS_ADDRESS: "127.0.0.1:0",
  });
  await serving(service);
  await failureOf(service.roles.getRole({ environmentId: "alpha", slug: "missing" }));
  const address = await until(
    "metrics are announced",
    async () => /http:\/\/(\S+)\/metrics/.exec(service.output())?.[1],
  );
  exported = await until("there was a garbage collection", async () => {
    const now = await scrape(address);
    return now.value("nodejs_gc_duration_seconds_count") ? now : undefined;
  });
});
afterAll(async () => {
  await service?.end("SIGKILL");
  await database?.drop();
});

test.each([
  ['sum(rate(orgroles_calls_total{code="OK"}[5m]))', []],
  ['up{job="orgroles"} == 0', []],
  ["sum(rate(orgroles_call_total[5m]))", ["metric orgroles_call_total"]],
  ["orgroles_call_duration_seconds", ["metric orgroles_call_duration_seconds"]],
  ['sum(orgroles_calls_running{code="OK"})', ["label code of orgroles_calls_running"]],
  ["sum by (organization) (orgroles_calls_total)", ["label organization"]],
  ["sum(orgroles_calls_total", [expect.stringMatching(/^not PromQL/)]],
])("in %s what is not exported is %j", (expression, unknown) => {
  expect(unknownIn(expression, exported)).toEqual(unknown);
});

test.each(queries)("the panel %s asks for what there is: %s", (_, expression) => {
  expect(unknownIn(expression, exported)).toEqual([]);
});

test("the variables of the dashboard ask for what there is, and every panel uses them", () => {
  const { list } = dashboard.templating;
  expect(list.map(({ name }) => name)).toEqual(["datasource", "job", "instance"]);
  for (const { definition } of list.slice(1)) {
    const [, expression = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? "") ?? [];
    expect(unknownIn(expression, exported)).toEqual([]);
    expect(added).toContain(label);
  }
  for (const [, expression] of queries) {
    const names = [...expression.matchAll(/\$(\w+)/g)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(["job", "instance"]));
    expect(names.filter((name) => !"job instance __rate_interval".split(" ").includes(name ?? ""))).toEqual([]);
  }
});

test("legends name labels that their query leaves", () => {
  const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
  for (const { expr, legendFormat } of targets) {
    const { grouping } = selectedBy(expr);
    const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
    const left = /^\s*(?:sum|max|count|histogram_quantile)\b/.test(expr) ? grouping : [...grouping, ...added];
    expect(named.filter((name) => !left.includes(name ?? ""))).toEqual([]);
  }
});

test("the panels have ids of their own, titles, and say what they show", () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const shown = dashboard.panels.filter(({ type }) => type !== "row");
  expect(shown.length).toBeGreaterThan(20);
  for (const { title, description } of shown) {
    expect(title).not.toBe("");
    expect(description).toMatch(/\w.+\.$/);
  }
});

test("every metric of the service is on the dashboard", () => {
  const used = new Set(queries.flatMap(([, expression]) => selectedBy(expression).metrics.map(({ name }) => name)));
  const missing = [...exported.types.keys()].filter(
    (name) => name.startsWith("orgroles_") && ![name, `${name}_bucket`].some((one) => used.has(one)),
  );
  expect(missing).toEqual([]);
});

test.each(rules)("the alert $alert asks for what there is", ({ expr }) => {
  expect(unknownIn(expr, exported)).toEqual([]);
});

test.each(rules)("the alert $alert says how bad it is, what it is and what to do", (rule) => {
  expect(rule.alert).toMatch(/^OrgRoles[A-Z]\w+$/);
  expect(rule.expr).toMatch(/job="orgroles"/);
  expect(rule.for ?? "0m").toMatch(/^\d+[mh]$/);
  expect(["critical", "warning"]).toContain(rule.labels["severity"]);
  expect(rule.annotations["summary"]).toMatch(/^\S.{10,}/);
  expect(rule.annotations["description"]).toMatch(/\.$/);
});

test("alerts have names of their own", () => {
  const names = rules.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
});

test("the codes and reasons that alerts and panels name exist", () => {
  const proto = readFileSync("proto/orgroles/v1/error_reason.proto", "utf8");
  const { status } = jest.requireActual<typeof import("@grpc/grpc-js")>("@grpc/grpc-js");
  const selected = [...rules.map(({ expr }) => expr), ...queries.map(([, expr]) => expr)].flatMap(
    (expression) => selectedBy(expression).metrics,
  );
  const matchers = selected.flatMap(({ matchers: all }) => all);
  const values = (wanted: string) => matchers.flatMap(([label, , value]) => (label === wanted ? value.split("|") : []));
  expect(values("code").length).toBeGreaterThan(5);
  expect(values("code").filter((code) => !(code in status))).toEqual([]);
  expect(values("reason").filter((reason) => !new RegExp(`\\b${reason}\\b`).test(proto))).toEqual([]);
  const results = selected.flatMap(({ name, matchers: all }) =>
    all.flatMap(([label, , value]) => (label === "result" ? value.split("|").map((result) => ({ name, result })) : [])),
  );
  expect(results.filter(({ name, result }) => exported.value(name, { result }) === undefined)).toEqual([]);
});
