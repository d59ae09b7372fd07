import { EventEmitter } from "node:events";
import { inspect } from "node:util";
import type { Server, UntypedServiceImplementation } from "@grpc/grpc-js";
import { addHealth } from "../../src/grpc/health";

/** Health of one service, and what a watch of any is answered. */
function added() {
  let implementation: UntypedServiceImplementation = {};
  const server = { addService: (_: unknown, given: UntypedServiceImplementation) => (implementation = given) };
  const health = addHealth(server as unknown as Server, ["there"]);
  health.setStatus("there", "SERVING");
  const watch = (service: string) => {
    const answers: unknown[] = [];
    const call = Object.assign(new EventEmitter(), {
      request: { service },
      write: (one: unknown) => answers.push(one),
    });
    (implementation["watch"] as unknown as (one: typeof call) => void)(call);
    return { answers, call };
  };
  return { health, watch };
}

test("a watch of a service gets its status, and each change", () => {
  const { health, watch } = added();
  const { answers } = watch("there");
  health.setStatus("there", "NOT_SERVING");
  expect(answers).toEqual([{ status: "SERVING" }, { status: "NOT_SERVING" }]);
});

test("a watch of a service that is nowhere is answered, and its name is not kept", () => {
  const { health, watch } = added();
  const { answers, call } = watch("nowhere");
  call.emit("cancelled");
  expect(answers).toEqual([{ status: "SERVICE_UNKNOWN" }]);
  expect(inspect(health, { depth: 5 })).not.toContain("nowhere");
});
