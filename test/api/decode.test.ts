import { performance } from "node:perf_hooks";
import { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { Refusal } from "../../src/domain/errors";
import { decode } from "../../src/api/decode";
import { message } from "../support/raw";

type Method = Parameters<typeof decode>[0];
type Methods<Service> = Record<keyof Service, Method>;
const { createRole, setPriority, updateRole } = RoleServiceService as unknown as Methods<typeof RoleServiceService>;
const { batchCheckPermissions } = AccessServiceService as unknown as Methods<typeof AccessServiceService>;
const { updatePermission } = PermissionServiceService as unknown as Methods<typeof PermissionServiceService>;

const bytes = 2 ** 20 - 100;
/** As many repetitions as a request may have. */
const filled = (unit: Uint8Array) => Buffer.concat(Array<Uint8Array>(Math.floor(bytes / unit.length)).fill(unit));
const inside = (field: number, unit: Uint8Array) => message([field, filled(unit)]);
const unknownFields = (count: number) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => message([100 + index, 1])));
const group = [0x9b, 0x06];
const endOfGroup = [0x9c, 0x06];

function violationsOf(method: Method, request: Uint8Array) {
  try {
    decode(method, Buffer.from(request));
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.details.violations ?? [];
  }
}

const unknown = (number: number, field = "request") => ({
  field,
  description: `must not have field number ${number}, which is unknown or of another type`,
});
const broken = { field: "request", description: "must be a valid protobuf message" };
const tooManyMessages = { field: "request", description: "must be at most 10000 messages in all" };

const floods: readonly [sentence: string, method: Method, request: Uint8Array, first: object | undefined][] = [
  ["unknown fields, each another one", createRole, unknownFields(240_000), unknown(100)],
  ["one unknown field over and over", createRole, filled(message([99, 1])), unknown(99)],
  [
    "an unknown field in each check",
    batchCheckPermissions,
    filled(message([2, message([10, ""])])),
    unknown(10, "checks.0"),
  ],
  ["packed numbers where there is none", createRole, message([99, new Uint8Array(bytes).fill(1)]), unknown(99)],
  ["empty groups", createRole, filled(Buffer.from([...group, ...endOfGroup])), unknown(99)],
  ["groups in groups", createRole, filled(Buffer.from(group)), broken],
  ["a group of many fields", createRole, Buffer.from([...group, ...filled(message([1, 1])), ...endOfGroup]), broken],
  [
    "empty checks",
    batchCheckPermissions,
    filled(message([2, ""])),
    { field: "checks", description: "must be at most 1000 items" },
  ],
  [
    "checks of one empty field",
    batchCheckPermissions,
    filled(message([2, message([1, ""])])),
    { field: "checks", description: "must be at most 1000 items" },
  ],
  ["one message over and over", updateRole, filled(message([4, ""])), tooManyMessages],
  ["one time over and over", updateRole, inside(4, message([12, ""])), tooManyMessages],
  [
    "a number of many bytes",
    createRole,
    Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]),
    broken,
  ],
  ["text that is none", createRole, message([4, new Uint8Array(bytes).fill(0xff)]), broken],
  ["text of two bytes a letter", createRole, message([4, "é".repeat(bytes / 2)]), undefined],
  ["one text over and over", createRole, filled(message([4, ""])), undefined],
  ["empty texts", setPriority, filled(message([3, ""])), undefined],
  ["empty paths", updateRole, inside(5, message([1, ""])), undefined],
];

test.each(floods)("a mebibyte of %s is read or refused", (_, method, request, first) => {
  expect(violationsOf(method, request)[0]).toEqual(first);
});

function timeOf(method: Method, request: Uint8Array): number {
  const start = performance.now();
  violationsOf(method, request);
  return performance.now() - start;
}

/** Compares the shortest of several times, in turns, which leaves out what else the machine did. */
test.each(floods)("a mebibyte of %s takes at most five times as long as slugs of that size", (_, method, request) => {
  const slugs = filled(message([3, "member"]));
  let [usual, flooded] = [Infinity, Infinity];
  for (let time = 0; time < 5 || (time < 25 && flooded >= 5 * usual); time += 1) {
    usual = Math.min(usual, timeOf(setPriority, slugs));
    flooded = Math.min(flooded, timeOf(method, request));
  }
  expect(flooded).toBeLessThan(5 * usual);
});

const refusalOf = (request: Uint8Array) => {
  try {
    return decode(createRole, Buffer.from(request));
  } catch (error) {
    return error as Refusal;
  }
};

test("unknown fields are named up to a hundred, and counted up to a thousand", () => {
  const numbers = Array.from({ length: 100 }, (_, index) => unknown(100 + index));
  expect(refusalOf(unknownFields(700))).toMatchObject({
    metadata: { violation_count: "700" },
    details: { violations: numbers },
  });
  expect(refusalOf(unknownFields(5000))).toMatchObject({
    metadata: { violation_count: "1001" },
    details: { violations: numbers },
  });
});

test.each([
  ["a mask", message([5, message([1, "name"], [99, 1])])],
  ["a time", message([4, message([12, message([1, 1], [99, 1])])])],
])("an unknown field inside of %s is refused", (_, request) => {
  expect(violationsOf(updateRole, request)).toEqual([
    {
      field: "request",
      description: "must not have fields in its times and masks that are unknown or of another type",
    },
  ]);
});

test("a time out of range is found in a request of any size", () => {
  const never = message([1, 2 ** 50]);
  expect(violationsOf(updatePermission, message([3, message([6, never])]))).toEqual([
    { field: "permission.create_time", description: "must be a time of the years 1 to 9999" },
  ]);
});

test.each(["", "a", "é", "a".repeat(64), "a".repeat(65), `${"a".repeat(64)}é`, "\ufeffa", "👩", "a\0b"])(
  "the text %j is read as it is",
  (name) => {
    const request = createRole.requestSerialize({
      environmentId: "alpha",
      name,
      description: "",
      permissions: [name, "b"],
    });
    expect(decode(createRole, request)).toMatchObject({ name, permissions: [name, "b"] });
  },
);
