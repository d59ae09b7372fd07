import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import * as fc from "fast-check";

/** The environment of a request, which stands for another one over each protocol. */
export const ownEnvironment = "ENVIRONMENT";

const long = "x".repeat(200);
const slugs = ["member", "admin", "org-lead", "org-", "Not OK", "nope", ""];
const permissions = ["docs:read", "docs:write", "docs:read", "NOT OK", "unknown:one", ""];
const tokens = ["", "broken", long];
const ids = { organizations: ["acme", "acme", "globex", "not an id", long, ""], users: ["ann", "bob", "a b", ""] };

/** Texts that a field may have, by its name: right ones, and some that break each rule. */
const texts: Readonly<Record<string, readonly string[]>> = {
  environment_id: [...Array<string>(12).fill(ownEnvironment), `${ownEnvironment}-gone`, "not an id", ""],
  organization_id: ids.organizations,
  organization_id_prefix: ["", "a", "not an id"],
  user_id: ids.users,
  user_id_prefix: ["", "a", "a b"],
  group_id: ["staff", "not an id", ""],
  group_ids: ["staff", "unknown", "not an id"],
  slug: slugs,
  slugs,
  role_slug: slugs,
  role_slugs: ["member", "admin", "org-lead", "nope"],
  replacement_role_slug: slugs,
  replacement_default_role_slug: slugs,
  permission: permissions,
  permissions,
  name: ["Lead", "O'Brien 管理者", " ", "", long, "\u202Eevil", "a\u0000b"],
  display_name: ["Name", "", long],
  description: ["", "Text\nof two lines", long, "\u0007"],
  types: ["role", "role.created", "nothing"],
  request_id: ["not a uuid"],
  page_token: tokens,
  after: tokens,
  etag: ["", "wrong"],
};

const masks = ["name", "description", "permissions", "displayName", "multipleRolesEnabled", "slug", "nothing"];
const times = ["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"];
const numbers = [0, 1, 2, 1000, 5000, -1, 2 ** 31 - 1];

/** Returns requests of a message in JSON, with any of its fields. */
export function requestsOf(message: DescMessage): fc.Arbitrary<JsonObject> {
  const fields = Object.fromEntries(message.fields.map((field) => [field.jsonName, valuesOf(field)]));
  const required = message.fields.flatMap(({ name, jsonName }) =>
    /^(?:environment_id|slug|name)$/.test(name) ? [jsonName] : [],
  );
  return fc.record(fields, { requiredKeys: required });
}

function valuesOf(field: DescField): fc.Arbitrary<JsonValue> {
  if (field.fieldKind === "list") return fc.array(singleOf(field), { maxLength: 4 });
  return singleOf(field);
}

function singleOf(field: DescField): fc.Arbitrary<JsonValue> {
  const { message, name } = field;
  if (message?.typeName === "google.protobuf.FieldMask")
    return fc.subarray(masks, { maxLength: 2 }).map((paths) => paths.join());
  if (message?.typeName === "google.protobuf.Timestamp") return fc.constantFrom(...times);
  if (message) return requestsOf(message);
  if (field.fieldKind === "enum" || field.enum) return fc.constantFrom(0, 1, 77);
  if (field.scalar === ScalarType.BOOL) return fc.boolean();
  if (field.scalar === ScalarType.STRING) return fc.constantFrom(...(texts[name] ?? ["", "text", long]));
  return fc.constantFrom(...numbers);
}
