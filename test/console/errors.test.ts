import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { explain, fieldErrorsOf, isConnectionLoss } from "../../src/console/api/errors";
import { BadRequestSchema, ErrorInfoSchema } from "../../src/console/gen/google/rpc/error_details_pb";
import { ErrorReason } from "../../src/console/gen/orgroles/v1/error_reason_pb";

const reasons = Object.keys(ErrorReason).filter((name) => /^[A-Z_]+$/.test(name) && name !== "UNSPECIFIED");

const failure = (reason: string, metadata: Record<string, string> = {}) =>
  new ConnectError("the text of the server", Code.Aborted, undefined, [
    { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain: "orgroles", metadata }) },
  ]);

test("there are reasons", () => expect(reasons.length).toBeGreaterThan(30));

test.each(reasons)("%s has words of the console's own, and a way on", (reason) => {
  const { title, text } = explain(failure(reason));
  expect(title).not.toBe("This did not work");
  expect(text).not.toContain("the text of the server");
  expect(text).toMatch(/\.$/);
});

test("a reason that the console does not know yet has the words of the server", () => {
  expect(explain(failure("OF_THE_FUTURE"))).toMatchObject({
    title: "This did not work",
    text: "the text of the server",
  });
});

test.each([
  ["ROLE_SLUG_TAKEN", { slug: "admin" }, "slug", "Another role has this slug"],
  ["PERMISSION_UNKNOWN", { permissions: "a:b,c:d" }, "permissions", "No longer there: a:b, c:d"],
  ["PERMISSION_LIMIT_REACHED", { limit: "500" }, "permissions", "Too many. The limit is 500"],
  ["ROLE_NOT_ASSIGNABLE", { roles: "org-x" }, "role_slugs", "Cannot be assigned here: org-x"],
  ["ESCALATION_REFUSED", { permissions: "a:b", scope: "organization" }, "permissions", "You lack: a:b"],
])("%s is said at its field", (reason, metadata, field, text) => {
  expect(fieldErrorsOf(failure(reason, metadata))).toMatchObject({ [field]: text });
});

test("a refusal for the whole environment is about no field", () => {
  const error = failure("ESCALATION_REFUSED", { permissions: "", scope: "environment" });
  expect(fieldErrorsOf(error)).toEqual({});
  expect(explain(error).title).toBe("Users do not change the whole environment");
});

test("only an error without a reason is a lost connection", () => {
  expect(isConnectionLoss(failure("INTERNAL"))).toBe(false);
  expect(isConnectionLoss(new ConnectError("Failed to fetch", Code.Unknown))).toBe(true);
  const violation = { desc: BadRequestSchema, value: create(BadRequestSchema, {}) };
  expect(isConnectionLoss(new ConnectError("", Code.InvalidArgument, undefined, [violation]))).toBe(false);
});
