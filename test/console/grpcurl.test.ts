import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

interface Module {
  readonly grpcurl: (
    call: { method: object; input: object },
    target: { hostname: string; tls: boolean; signedIn: boolean },
  ) => string;
}
interface Services {
  readonly RoleService: { readonly method: Readonly<Record<string, object>> };
}

// by path, because the console is a TypeScript project of its own
const source = (name: string) => path.resolve("src/console", name);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  const fake = path.join(folder, "grpcurl");
  writeFileSync(fake, `#!/bin/sh\nfor one in "$@"; do printf '%s\\0' "$one"; done\n`);
  chmodSync(fake, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  "'; rm -rf ~; '",
  "$(touch /tmp/no) `touch /tmp/no` ${HOME} $HOME",
  String.raw`back\slash "quoted" !history \' \\'`,
  "two\nlines\tand a tab",
  "‮reversed⁦ and hidden​ \u2028",
  "🦊 مدير 管理者",
  "--help",
])("a shell gives %j to grpcurl as it is", async (name) => {
  const { grpcurl } = (await import(source("api/grpcurl.ts"))) as Module;
  const { RoleService } = (await import(source("gen/orgroles/v1/role_service_pb.ts"))) as Services;
  const input = { environmentId: "alpha", organizationId: "acme", name, permissions: [name] };
  const call = { method: RoleService.method["createRole"] ?? {}, input };
  const command = grpcurl(call, { hostname: "roles.example.com", tls: false, signedIn: true });
  // eslint-disable-next-line no-control-regex
  expect(command).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u200b-\u200f\u2028-\u202f\u2060-\u206f]/);
  const env = { PATH: `${folder}:${process.env["PATH"]}`, HOME: folder, ORGROLES_TOKEN: "secret" };
  const given = execFileSync("/bin/sh", ["-c", command], { env }).toString().split("\0").slice(0, -1);
  expect(given).toEqual([
    "-plaintext",
    "-H",
    "authorization: Bearer secret",
    "-d",
    expect.any(String),
    "roles.example.com:50051",
    "orgroles.v1.RoleService/CreateRole",
  ]);
  expect(JSON.parse(given[4] ?? "")).toEqual(input);
  expect(command).not.toContain("secret");
});
