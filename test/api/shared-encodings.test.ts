import { readFileSync } from "node:fs";
import { type DescMessage, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync("gen/descriptor-set.binpb")));

function message(name: string): DescMessage {
  const found = files.getMessage(`orgroles.v1.${name}`);
  if (!found) throw new Error(`there is no message ${name}`);
  return found;
}

/** Returns what the bytes of a message depend on: number, name, kind and type of each field. */
const fieldsOf = (name: string) =>
  message(name).fields.map((field) => ({
    number: field.number,
    name: field.name,
    kind: field.fieldKind,
    scalar: field.scalar,
    message: field.message?.typeName,
  }));

test.each([
  ["ListEnvironmentRolesResponse", "ListOrgRolesResponse"],
  ["CheckPermissionResponse", "PermissionCheckResult"],
])("%s is encoded as %s", (one, other) => {
  const fields = fieldsOf(one);
  expect(fields.length).toBeGreaterThan(2);
  expect(fieldsOf(other)).toEqual(expect.arrayContaining(fields));
});

test.each([
  ["ListOrgRolesResponse", "roles", "Role"],
  ["SetPriorityResponse", "roles", "Role"],
  ["BatchCheckPermissionsResponse", "results", "PermissionCheckResult"],
])("field 1 of %s is %s, a list of %s", (name, field, element) => {
  expect(fieldsOf(name)[0]).toEqual({
    number: 1,
    name: field,
    kind: "list",
    scalar: undefined,
    message: `orgroles.v1.${element}`,
  });
});
