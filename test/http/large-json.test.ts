import { fromBinary, toBinary, fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { Refusal } from "../../src/domain/errors";
import type { HttpMethod } from "../../src/http/methods";
import { readLargeRequest, readRequestJson, readSmallRequest } from "../../src/http/request-json";
import { writeInParts, writeResponseJson } from "../../src/http/response-json";
import { readJson } from "../../src/workos/read-json";
import { methodOf, registry } from "./connect-caller";

const peer = () => ({ connection: {}, closed: false, once: () => undefined });
const method = (rpc: string) => {
  const { input, output } = methodOf(rpc);
  return { input, output, registry } as HttpMethod;
};

/** Returns the request, or the fields that are refused, in no order. */
async function outcome(read: () => Buffer | Promise<Buffer>, { input }: HttpMethod) {
  try {
    return toJson(input, fromBinary(input, await read()), { registry });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.details.violations?.map(({ field }) => field).toSorted();
  }
}

const name = fc.constantFrom("environmentId", "environment_id", "checks", "permissions", "nothing", "updateMask");
const scalar = fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null));
const check = fc.record({ organizationId: scalar, userId: fc.string(), unknown: fc.string() }, { requiredKeys: [] });
const value = fc.oneof(scalar, fc.array(fc.string()), fc.array(check), fc.array(scalar), check);
const request = fc.dictionary(name, value, { maxKeys: 4 });

test.each(["AccessService/BatchCheckPermissions", "RoleService/CreateRole", "RoleService/UpdateRole"])(
  "a request of %s means the same whether it is read at once or in parts",
  async (rpc) => {
    const its = method(rpc);
    await fc.assert(
      fc.asyncProperty(request, fc.constantFrom(0, 1, 2), async (json, indent) => {
        const bytes = Buffer.from(JSON.stringify(json, undefined, indent));
        const large = await outcome(() => readLargeRequest(bytes, its, peer()), its);
        expect(large).toEqual(await outcome(() => readSmallRequest(bytes, its), its));
      }),
      { numRuns: 200 },
    );
  },
);

test("a request that is spoilt anywhere is refused whether it is read at once or in parts", async () => {
  const its = method("RoleService/CreateRole");
  const whole = '{"environmentId":"alpha","permissions":["a","b\\n",null],"name":"x"}';
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.nat(2),
      fc.constantFrom("", ",", "]", "}", "{", "[", '"', "\\", ":", " ", "1"),
      async (place, removed, added) => {
        const bytes = Buffer.from(whole.slice(0, place) + added + whole.slice(place + removed));
        const large = await outcome(() => readLargeRequest(bytes, its, peer()), its);
        const small = await outcome(() => readSmallRequest(bytes, its), its);
        // a value that is left out for another reason is not read
        expect(Array.isArray(large)).toBe(Array.isArray(small));
        if (!Array.isArray(small)) expect(large).toEqual(small);
      },
    ),
    { numRuns: 1000 },
  );
});

const megabyte = 2 ** 20;
const listOf = (element: string) =>
  `[${Array.from({ length: Math.floor((megabyte - 100) / (element.length + 1)) }, () => element).join()}]`;
const nested = (open: string, close: string) => `${open.repeat(200_000)}1${close.repeat(200_000)}`;
const keys = Array.from({ length: 90_000 }, (_, index) => `"k${index}":0`).join();

test.each([
  ["many unknown fields", "RoleService/CreateRole", `{${keys}}`, "k0"],
  ["a field given many times", "RoleService/CreateRole", `{${listOf('"name":""').slice(1, -1)}}`, "name"],
  ["lists in lists, hidden", "RoleService/CreateRole", `{"name":${nested("[", "]")},"name":""}`, "name"],
  ["objects in objects, hidden", "RoleService/CreateRole", `{"name":${nested('{"":', "}")},"name":""}`, "name"],
  ["many keys, hidden", "RoleService/CreateRole", `{"name":{${keys}},"name":""}`, "name"],
  ["many keys in an element", "AccessService/BatchCheckPermissions", `{"checks":[{},{${keys}}]}`, "checks[1]"],
  ["many values in a list", "RoleService/CreateRole", `{"permissions":${listOf("0")}}`, "permissions[0]"],
  ["many messages", "AccessService/BatchCheckPermissions", `{"checks":${listOf("{}")}}`, "checks"],
  ["a mask of many paths", "RoleService/UpdateRole", `{"updateMask":"${listOf("a").slice(1, -1)}"}`, "update_mask"],
  ["a time of many digits", "EventService/ListEvents", `{"sinceTime":"${"1".repeat(megabyte - 100)}"}`, "since_time"],
])("%s: the request is refused by name", async (_, rpc, text, field) => {
  const its = method(rpc);
  const fields = await outcome(() => readRequestJson(Buffer.from(text), its, peer()), its);
  expect((fields as string[])[0]).toBe(field);
});

test.each([
  ["many keys", `{${keys}}`],
  ["many values", `{"permissions":${listOf("0")}}`],
  ["lists in lists", `{"name":${nested("[", "]")}}`],
])("a request of the REST API with %s is refused before it is parsed", (_, text) => {
  expect(() => readJson(Buffer.from(text))).toThrow(
    /^Invalid request: request must have at most \d+ (?:values|levels)$/,
  );
});

/** Counts the turns of the event loop until work is done. */
async function turnsDuring<T>(work: Promise<T>): Promise<{ readonly turns: number; readonly result: T }> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  try {
    return { result: await work, turns };
  } finally {
    isOver = true;
  }
}

test("a large request leaves turns to others, and is complete", async () => {
  const its = method("RoleService/CreateRole");
  const permissions = listOf('"a"');
  const bytes = Buffer.from(`{"environmentId":"alpha","permissions":${permissions},"name":"x"}`);
  const { turns, result } = await turnsDuring(Promise.resolve(readRequestJson(bytes, its, peer())));
  expect(turns).toBeGreaterThan(4);
  const read = toJson(its.input, fromBinary(its.input, result)) as { name: string; permissions: string[] };
  expect([read.name, read.permissions.length]).toEqual(["x", permissions.split(",").length]);
});

const roles = (count: number, permissions: number) =>
  Array.from({ length: count }, (_, index) => ({
    slug: `role-${index}`,
    permissions: Array.from({ length: permissions }, (__, other) => `permission:${other}`),
    createTime: "2026-01-01T00:00:00Z",
  }));

test.each([
  ["nothing", {}],
  ["only lists", { roles: roles(3, 2) }],
  ["lists and other fields", { roles: roles(2, 1), nextPageToken: "next", config: { priorityOrder: ["a", "b"] } }],
  ["no list", { nextPageToken: "next" }],
])("a response with %s is the same whether it is written at once or in parts", async (_, json) => {
  const its = method("RoleService/ListOrgRoles");
  const bytes = toBinary(its.output, fromJson(its.output, json as JsonValue, { registry }));
  expect(JSON.parse((await writeInParts(bytes, its, peer())).toString())).toEqual(json);
  expect(JSON.parse((await writeResponseJson(bytes, its, peer())).toString())).toEqual(json);
});

test("a large response leaves turns to others", async () => {
  const its = method("RoleService/ListOrgRoles");
  const json = { roles: roles(400, 500), nextPageToken: "next" };
  const bytes = toBinary(its.output, fromJson(its.output, json as JsonValue, { registry }));
  const { turns, result } = await turnsDuring(Promise.resolve(writeResponseJson(bytes, its, peer())));
  expect(turns).toBeGreaterThan(4);
  expect(JSON.parse(result.toString())).toEqual(json);
});
