import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { parse } from "yaml";
import { Caller } from "./caller";
import { type Case, Conversation } from "./conversation";

const usage = "runner [OPTIONS] ADDRESS CASE...; the options are in test/conformance/README.md";

function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      token: { type: "string" },
      "ca-file": { type: "string" },
      tls: { type: "boolean" },
      variable: { type: "string", multiple: true, default: [] },
      "service-config": { type: "string", default: "proto/orgroles/v1/service_config_with_request_ids.json" },
      "no-retries": { type: "boolean" },
    },
  });
  const [address, ...files] = positionals;
  if (address === undefined || files.length === 0) throw new Error("an address and at least one case are needed");
  const given = values.variable.map((variable): [string, string] => {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(variable) ?? [];
    if (name === undefined || value === undefined) throw new Error(`--variable ${variable} is not NAME=VALUE`);
    return [name, value];
  });
  const cases = files.map((file) => ({
    name: file.replace(/^.*\//, "").replace(/\.ya?ml$/, ""),
    content: parse(readFileSync(file, "utf8")) as Case,
  }));
  const caller = new Caller(address, channelCredentials(values.tls ?? false, values["ca-file"]), {
    "grpc.service_config": readFileSync(values["service-config"], "utf8"),
    "grpc.enable_retries": values["no-retries"] ? 0 : 1,
    "grpc.max_reconnect_backoff_ms": 1000, // well within the timeouts of the service config
  });
  return run(cases, caller, { token: values.token, given });
}

function channelCredentials(tls: boolean, authority: string | undefined): ChannelCredentials {
  if (authority !== undefined) return credentials.createSsl(readFileSync(authority));
  return tls ? credentials.createSsl() : credentials.createInsecure();
}

async function run(
  cases: readonly { readonly name: string; readonly content: Case }[],
  caller: Caller,
  { token, given }: { readonly token: string | undefined; readonly given: readonly [string, string][] },
): Promise<boolean> {
  let passed = 0;
  let failed = 0;
  for (const { name, content } of cases) {
    const conversation = new Conversation(caller, token, given);
    for (const [index, step] of content.steps.entries()) {
      const fault = await conversation.hold(step);
      console.log(`${fault ? "not ok" : "ok"} ${name} ${index + 1} ${step.call}`);
      if (fault === undefined) {
        passed += 1;
        continue;
      }
      console.log(fault.replaceAll(/^/gm, "  "));
      failed += 1;
      break;
    }
  }
  caller.close();
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

try {
  void main().then((succeeded) => (process.exitCode = succeeded ? 0 : 1));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}
