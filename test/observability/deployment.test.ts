import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { ConfigError, readConfig } from "../../src/config/config";
import { shutdownGrace } from "../../src/grpc/server";
import { settings } from "../../src/config/settings";
import { nodeFlags } from "../support/process";
import { present } from "../support/stage";

const manifestFolder = "deploy/kubernetes";
const manifestFiles = readdirSync(manifestFolder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => path.join(manifestFolder, name));
const files = ["Dockerfile", "compose.yaml", ".env.example", ...manifestFiles];
const read = (file: string) => readFileSync(file, "utf8");
const packageJson = JSON.parse(read("package.json")) as { version: string; bin: { orgroles: string } };

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly resources: { readonly limits: object; readonly requests: object };
  readonly securityContext: object;
}
interface Pod {
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext: object;
  readonly containers: readonly Container[];
}
type Labels = Readonly<Record<string, string>>;
interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string };
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas?: number;
    readonly strategy?: object;
    readonly maxUnavailable?: number;
    readonly ports?: readonly { readonly name: string; readonly targetPort: string }[];
    readonly podSelector?: { readonly matchLabels: Labels };
    readonly ingress?: readonly { readonly ports: readonly { readonly port: string }[]; readonly from?: object }[];
    readonly selector?: Labels | { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
  };
}

const manifests = manifestFiles.flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => {
    if (document.errors.length) throw new Error(`${file}: ${document.errors.join("\n")}`);
    return document.toJS() as Manifest;
  }),
);
const manifest = (kind: string) => present(manifests.find((one) => one.kind === kind));
const podOf = (kind: string) => manifest(kind).spec.template.spec;
const containerOf = (kind: string) => present(podOf(kind).containers[0]);

/** Instructions with their arguments; lines that go on are joined. */
const instructions = read("Dockerfile")
  .replaceAll(/\\\n\s*/g, "")
  .split("\n")
  .flatMap((line) => {
    const [, name = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    return name ? [{ name, rest }] : [];
  });
const imageVariables = Object.fromEntries(
  instructions
    .filter(({ name }) => name === "ENV")
    .flatMap(({ rest }) => [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value])),
) as Record<string, string>;

const digest = "0a".repeat(32);
const faultsOf = (variables: Record<string, string>, serves = true) => {
  try {
    readConfig(variables, { serves });
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
};

test.each(files)("every ORGROLES_ variable of %s is a setting", (file) => {
  const known = new Set(settings.map(({ name }) => name));
  const used = [...read(file).matchAll(/\bORGROLES_[A-Z_]+[A-Z]\b/g)].map(([name]) => name);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});

describe("the image", () => {
  test("is built from files that are there and that .dockerignore lets in", () => {
    const let_in = read(".dockerignore")
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? line.slice(1) : []));
    const copied = instructions
      .filter(({ name, rest }) => name === "COPY" && !rest.startsWith("--from"))
      .flatMap(({ rest }) => rest.split(" ").slice(0, -1));
    expect(copied).toContain("src");
    for (const name of copied) {
      expect(existsSync(name)).toBe(true);
      expect(let_in).toContain(name.split("/")[0]);
    }
    expect(let_in.filter((name) => !copied.some((one) => one.split("/")[0] === name))).toEqual([]);
  });

  test("has of this package what the package has, and starts its program", () => {
    const copied = instructions.filter(({ name }) => name === "COPY").map(({ rest }) => rest);
    for (const folder of ["dist/src", "dist/gen"]) expect(copied).toContain(`--from=build /app/${folder} ${folder}`);
    const entry = instructions.find(({ name }) => name === "ENTRYPOINT");
    expect(JSON.parse(entry?.rest ?? "")).toEqual(["node", ...nodeFlags, `/app/${packageJson.bin.orgroles}`]);
    const check = instructions.find(({ name }) => name === "HEALTHCHECK")?.rest ?? "";
    expect(JSON.parse(check.slice(check.indexOf("[")))).toEqual(["node", `/app/${packageJson.bin.orgroles}`, "health"]);
  });

  test("has the program on its path", () => {
    const link = `ln -s /app/${packageJson.bin.orgroles} /usr/local/bin/orgroles`;
    const made = instructions.find(({ name, rest }) => name === "RUN" && rest.includes(link));
    expect(made?.rest).toContain(`chmod +x ${packageJson.bin.orgroles}`);
    // what the image does, on this machine
    const folder = mkdtempSync(path.join(tmpdir(), "orgroles-path-"));
    try {
      const program = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
      chmodSync(program, 0o755);
      symlinkSync(program, path.join(folder, "orgroles"));
      const env = { PATH: `${folder}:${path.dirname(process.execPath)}:/usr/bin:/bin` };
      const printed = execFileSync("orgroles", ["--version"], { env, encoding: "utf8" });
      expect(printed).toBe(`${packageJson.version}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("runs as nobody special, without what development needs", () => {
    const user = instructions.findLast(({ name }) => name === "USER");
    expect(user?.rest).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const installs = instructions.filter(({ rest }) => rest.includes("npm ci"));
    expect(installs.map(({ rest }) => /--omit=dev/.test(rest))).toEqual([false, true]);
    expect(instructions.some(({ rest }) => rest.startsWith("--from=dependencies /app/node_modules"))).toBe(true);
    for (const { rest } of installs) expect(rest).toContain("--ignore-scripts");
  });

  test("does not start until somebody says who may call", () => {
    expect(faultsOf(imageVariables)).toEqual([
      expect.stringMatching(/^ORGROLES_ADDRESS: requires ORGROLES_CREDENTIALS/),
    ]);
    const credentials = `[{name: a, token_sha256: "${digest}", action: admin, environments: "*"}]`;
    expect(faultsOf({ ...imageVariables, ORGROLES_CREDENTIALS: credentials })).toEqual([]);
  });

  test("exposes the ports of its addresses, and keeps its data in its volume", () => {
    const config = readConfig({ ...imageVariables, ORGROLES_ADDRESS: "127.0.0.1:50051" });
    const exposed = instructions.find(({ name }) => name === "EXPOSE")?.rest;
    expect(exposed).toBe(`50051 ${config.metrics?.port}`);
    expect(imageVariables["ORGROLES_ADDRESS"]).toBe("0.0.0.0:50051");
    const volume = instructions.find(({ name }) => name === "VOLUME")?.rest ?? "";
    expect(imageVariables["ORGROLES_DATABASE_URL"]).toBe(`sqlite:${volume}/orgroles.db`);
  });
});

describe("compose.yaml", () => {
  interface Service {
    readonly command?: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly ports?: readonly string[];
    readonly healthcheck?: object;
    readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
    readonly stop_grace_period?: string;
  }
  const secrets: Record<string, string> = { DATABASE_PASSWORD: "pass", ADMIN_TOKEN_SHA256: digest };
  const filled = read("compose.yaml").replaceAll(/\$\{(\w+):\?[^}]+\}/g, (_, name: string) => secrets[name] ?? "");
  const { services, volumes } = parse(filled) as {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
  };

  const variablesOf = (name: string) => ({ ...imageVariables, ...services[name]?.environment });

  test("has no secret of its own: what is asked for stands empty in .env.example", () => {
    const asked = [...read("compose.yaml").matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    const example = [...read(".env.example").matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
    expect(example).toEqual([...new Set(asked)].map((name) => [name, ""]));
    expect(filled).not.toMatch(/\$\{/);
    expect(execFileSync("git", ["check-ignore", ".env"], { encoding: "utf8" })).toBe(".env\n");
  });

  test("the service and the migration have configurations that can be used", () => {
    expect(faultsOf(variablesOf("orgroles"))).toEqual([]);
    expect(faultsOf(variablesOf("migrate"), false)).toEqual([]);
    expect(variablesOf("orgroles")).toMatchObject({
      ORGROLES_MIGRATE: "off",
      ORGROLES_DATABASE_URL: "mysql://orgroles:pass@mysql:3306/orgroles",
    });
    expect(variablesOf("migrate")).toMatchObject({
      ORGROLES_DATABASE_URL: "mysql://orgroles:pass@mysql:3306/orgroles",
    });
  });

  test("starts one after the other: the database, the migration, the service", () => {
    expect(services["mysql"]?.healthcheck).toBeDefined();
    expect(services["migrate"]?.command).toEqual(["migrate"]);
    expect(services["migrate"]?.depends_on?.["mysql"]?.condition).toBe("service_healthy");
    expect(services["orgroles"]?.depends_on?.["migrate"]?.condition).toBe("service_completed_successfully");
    expect(Object.keys(volumes)).toEqual(["mysql"]);
  });

  test("lets this machine alone in, and calls end", () => {
    expect(services["orgroles"]?.ports).toEqual(["127.0.0.1:50051:50051", "127.0.0.1:9464:9464"]);
    expect(Number.parseInt(services["orgroles"]?.stop_grace_period ?? "", 10) * 1000).toBeGreaterThan(shutdownGrace);
  });
});

describe("Kubernetes", () => {
  test("has everything once", () => {
    const kinds = manifests.map(({ kind, apiVersion }) => `${apiVersion} ${kind}`);
    expect(kinds.toSorted()).toEqual([
      "apps/v1 Deployment",
      "batch/v1 Job",
      "monitoring.coreos.com/v1 ServiceMonitor",
      "networking.k8s.io/v1 NetworkPolicy",
      "policy/v1 PodDisruptionBudget",
      "v1 Secret",
      "v1 Service",
    ]);
  });

  test.each([
    ["Deployment", "serve"],
    ["Job", "migrate"],
  ])("the %s runs %s, with no more rights than it needs", (kind, command) => {
    const container = containerOf(kind);
    expect(container.image).toBe(`orgroles:${packageJson.version}`);
    expect(container.args).toEqual([command]);
    expect(podOf(kind).securityContext).toMatchObject({ runAsNonRoot: true });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container.resources).toMatchObject({ requests: { memory: expect.any(String) }, limits: expect.any(Object) });
  });

  test.each(["Deployment", "Job"])("the variables of the %s can be used, with what the secret has", (kind) => {
    const { stringData = {}, metadata } = manifest("Secret");
    const variables = containerOf(kind).env.map(({ name, value, valueFrom }) => {
      if (value !== undefined) return [name, value];
      expect(valueFrom?.secretKeyRef.name).toBe(metadata.name);
      return [name, present(stringData[valueFrom?.secretKeyRef.key ?? ""]).replace("TOKEN_SHA256", digest)];
    });
    const given = Object.fromEntries(variables) as Record<string, string>;
    const serves = kind === "Deployment";
    expect(faultsOf({ ...imageVariables, ...given }, serves)).toEqual([]);
    expect(given["ORGROLES_DATABASE_URL"]).toMatch(/^mysql:/);
    // what Kubernetes adds for a Service of that name cannot be used
    expect(faultsOf({ ...imageVariables, ...given, ORGROLES_SERVICE_HOST: "10.0.0.1" }, serves)).toHaveLength(1);
    expect(podOf(kind).enableServiceLinks).toBe(false);
  });

  test("the server leaves migrating to the job, and is asked over HTTP how it is", () => {
    const { env, ports, ...container } = containerOf("Deployment");
    expect(env).toContainEqual({ name: "ORGROLES_MIGRATE", value: "off" });
    expect(container.startupProbe?.httpGet).toEqual({ path: "/livez", port: "metrics" });
    expect(container.livenessProbe?.httpGet).toEqual({ path: "/livez", port: "metrics" });
    expect(container.readinessProbe?.httpGet).toEqual({ path: "/readyz", port: "metrics" });
    expect(ports).toEqual([
      { name: "grpc", containerPort: 50051 },
      { name: "metrics", containerPort: Number(imageVariables["ORGROLES_METRICS_ADDRESS"]?.split(":")[1]) },
    ]);
    expect(manifest("Service").spec.ports?.map(({ name, targetPort }) => [name, targetPort])).toEqual([
      ["grpc", "grpc"],
      ["metrics", "metrics"],
    ]);
  });

  test("calls in flight end before a pod is killed, and there are always enough pods", () => {
    const { lifecycle } = containerOf("Deployment");
    const [, seconds] = present(lifecycle).preStop.exec.command;
    const grace = podOf("Deployment").terminationGracePeriodSeconds ?? 0;
    expect(grace).toBeGreaterThan(Number(seconds) + shutdownGrace / 1000 + 10);
    const { spec } = manifest("Deployment");
    expect(spec.strategy).toEqual({ rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    expect(manifest("PodDisruptionBudget").spec.maxUnavailable).toBeLessThan(spec.replicas ?? 0);
  });

  test("the Service, the budget and the network policy mean the server's pods, not the migration's", () => {
    const { labels } = manifest("Deployment").spec.template.metadata;
    expect(manifest("Service").spec.selector).toEqual(labels);
    expect(manifest("PodDisruptionBudget").spec.selector).toEqual({ matchLabels: labels });
    expect(manifest("Deployment").spec.selector).toEqual({ matchLabels: labels });
    expect(manifest("NetworkPolicy").spec.podSelector).toEqual({ matchLabels: labels });
    expect(manifest("Job").spec.template.metadata.labels).not.toEqual(labels);
  });

  test("every pod may call, and only one namespace may read the metrics", () => {
    const [calls, metrics, ...rest] = manifest("NetworkPolicy").spec.ingress ?? [];
    expect(calls).toEqual({ ports: [{ port: "grpc" }] });
    expect(metrics?.ports).toEqual([{ port: "metrics" }]);
    expect(metrics?.from).toEqual([
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } },
    ]);
    expect(rest).toEqual([]);
  });
});

test("the package has the program, what it loads and what clients are generated from, and nothing else", () => {
  const printed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8" });
  const [packed] = JSON.parse(printed) as { files: { path: string }[] }[];
  const names = packed?.files.map((file) => file.path.replace(/^((?:dist|gen|proto)\/?\w*)\/.*/, "$1")) ?? [];
  const expected = ["CHANGELOG.md", "LICENSE", "README.md", "gen", "package.json", "proto"];
  expect([...new Set(names.map((name) => name.replace(/^(gen|proto)\b.*/, "$1")))].toSorted()).toEqual(
    expect.arrayContaining(expected),
  );
  expect(names.filter((name) => /test|bench|node_modules/.test(name))).toEqual([]);
});
