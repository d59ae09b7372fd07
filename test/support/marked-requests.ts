import { readFileSync } from "node:fs";
import {
  type DescMessage,
  type JsonObject,
  ScalarType,
  createFileRegistry,
  fromBinary,
  fromJson,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { allRpcs } from "./raw";

/** In every text of a marked request; nothing else in a process has it. */
export const marker = /mk7|6d6b3700-/i;

/** What each field of a request may be, by its name. Environment, organization, roles and members are there. */
const valid: Readonly<Record<string, (count: number) => string>> = {
  environment_id: () => "mk7-env",
  organization_id: () => "mk7-org",
  user_id: (count) => `mk7-user-${count}`,
  group_id: () => "mk7-group",
  group_ids: () => "mk7-group",
  slug: () => "mk7-role",
  slugs: () => "mk7-role",
  role_slug: () => "mk7-role",
  role_slugs: () => "mk7-role",
  permissions: () => "mk7.permission",
  permission: () => "mk7.permission",
  name: () => "The name mk7 \u00e9",
  display_name: () => "The display mk7",
  description: () => "The text mk7\n    at mk7 (/mk7.js:1:1)",
  request_id: (count) => `6d6b3700-0000-4000-8000-${String(count).padStart(12, "0")}`,
  page_token: () => "",
  etag: () => "",
  organization_id_prefix: () => "mk7",
  user_id_prefix: () => "mk7",
};

/** Fields without which a call gets further. */
const omitted = new Set(["etag", "page_token", "replacement_default_role_slug", "replacement_role_slug", "id"]);

/** What no rule of any field allows. */
const invalid = (name: string) => `mk7 ${name} \u0007\u009b\u202e' OR "mk7" = \n${"mk7".repeat(50)}`;

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync("gen/descriptor-set.binpb")));

let made = 0;

/** Returns a request of an RPC (`RoleService/CreateRole`) with a marker in every text of every message in it. */
export function markedRequest(rpc: string, kind: "valid" | "invalid"): Uint8Array {
  const [service = "", name] = rpc.split("/");
  const method = registry.getService(`orgroles.v1.${service}`)?.methods.find((one) => one.name === name);
  if (!method) throw new Error(`there is no ${rpc}`);
  made += 1;
  const text = (field: string) => (kind === "invalid" ? invalid(field) : textOf(rpc, field));
  return toBinary(method.input, fromJson(method.input, contentOf(method.input, text)));
}

function textOf(rpc: string, field: string): string | undefined {
  if (omitted.has(field)) return undefined;
  const isNew = rpc === "RoleService/CreateRole" || rpc.startsWith("PermissionService/Create");
  if (field === "slug" && isNew) return `org-mk7-${made}`;
  if (field === "slug" && rpc.startsWith("PermissionService/")) return "mk7.permission";
  if (field === "slug" && rpc === "RoleService/DeleteOrgRole") return "org-mk7-role";
  if (field === "environment_id" && rpc === "EnvironmentService/CreateEnvironment") return `mk7-env-${made}`;
  return valid[field]?.(made) ?? `mk7-${field}`;
}

function contentOf(message: DescMessage, text: (field: string) => string | undefined): JsonObject {
  const content: JsonObject = {};
  for (const field of message.fields) {
    const kind = field.fieldKind === "list" ? field.listKind : field.fieldKind;
    let value: JsonObject[string] | undefined;
    if (kind === "scalar" && (field.fieldKind === "list" || field.scalar === ScalarType.STRING))
      value = text(field.name);
    else if (kind === "message" && field.message?.typeName === "google.protobuf.FieldMask") value = "name,description";
    else if (kind === "message" && field.message?.typeName.startsWith("orgroles."))
      value = contentOf(field.message, text);
    if (value !== undefined) content[field.name] = field.fieldKind === "list" ? [value] : value;
  }
  return content;
}

const weight = (rpc: string) => (rpc.includes("/DeleteEnv") ? 2 : /\/Delete|\/Reset/.test(rpc) ? 1 : 0);

/** Those that change or delete the most come last, so that the others find what they ask about. */
export const markedRpcs = allRpcs.toSorted((a, b) => weight(a) - weight(b));
