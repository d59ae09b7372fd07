import { Metadata, type ServiceError, credentials as channels } from "@grpc/grpc-js";
import { pino } from "pino";
import { EnvironmentServiceClient, EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import { tokenDigest } from "../../src/auth/authenticator";
import type { Caller } from "../../src/domain/authorization";
import { environmentActions } from "../../src/api/required-actions";
import { Admission, type Applicant, type CallSource } from "../../src/calls/admission";
import { GrpcServer } from "../../src/grpc/server";
import type { CallRecord } from "../../src/calls/call-record";
import { registerService } from "../../src/grpc/register-service";
import { type TestClient, bearer, connect, readFailure } from "../support/client";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { openPassage } from "../support/passage";
import { outcomeOf, reasonsOf } from "../support/race";
import { startService } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

const caller: Caller = { name: "backend", action: "read", environments: "*" };
const messages = {
  queue: "The server's queue of waiting calls is full; nothing was done. Retry later.",
  rate_limit: "The rate limit of the credentials is reached; nothing was done. Retry later.",
};
const overloaded = (limit: keyof typeof messages) => ({
  code: "RESOURCE_EXHAUSTED",
  reason: "OVERLOADED",
  domain: "orgroles",
  metadata: { limit },
  message: messages[limit],
});

/** A call that nobody cancels. */
const callOf = (source: CallSource): Applicant => ({ source, isCancelled: false, onCancel: () => undefined });

/** A server whose answers wait until they are let go. */
async function heldServer(options: { concurrency: number; queue: number }) {
  const admission = new Admission({ ...options, rate: 0 });
  const begun: string[] = [];
  const ended: CallRecord[] = [];
  const shed: string[] = [];
  const waiting: (() => void)[] = [];
  const hold = async ({ environmentId }: { environmentId: string }) => {
    begun.push(environmentId);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return {};
  };
  const handlers = Object.fromEntries(Object.keys(EnvironmentServiceService).map((rpc) => [rpc, hold]));
  const passage = {
    ...openPassage(pino({ level: "silent" })),
    admission,
    onEnd: (one: CallRecord) => ended.push(one),
    onLoadShed: (method: string) => shed.push(method),
  };
  const server = new GrpcServer([
    registerService(EnvironmentServiceService, handlers as never, environmentActions, passage),
  ]);
  const address = `127.0.0.1:${await server.listen("127.0.0.1", 0)}`;
  const client = connect(address);
  return {
    admission,
    begun,
    ended,
    shed,
    address,
    call: (environmentId: string) => client.environments.getEnvironment({ environmentId }),
    letGo: () => waiting.splice(0).forEach((go) => go()),
    close: async () => {
      client.close();
      await server.close();
    },
  };
}

describe("the queue", () => {
  let held: Awaited<ReturnType<typeof heldServer>>;
  const answers: Promise<unknown>[] = [];
  const loadIs = (running: number, queued: number) =>
    until(`${running} at work and ${queued} waiting`, async () => {
      const load = held.admission.load();
      return load.running === running && load.queued === queued ? load : undefined;
    });
  const finish = () =>
    until("nothing is left", async () => {
      held.letGo();
      const { running, queued } = held.admission.load();
      return running + queued === 0 ? true : undefined;
    });

  beforeEach(async () => (held = await heldServer({ concurrency: 1, queue: 1 })));
  afterEach(async () => {
    await finish();
    await Promise.allSettled(answers.splice(0));
    await held.close();
  });

  test("that is full turns calls away with a time to come back, and the others are answered in turn", async () => {
    answers.push(held.call("first"));
    await loadIs(1, 0);
    answers.push(held.call("second"));
    await loadIs(1, 1);
    const error = await held.call("third").catch((thrown: ServiceError) => thrown);
    expect(readFailure(error as ServiceError)).toMatchObject({ ...overloaded("queue"), retryDelay: 250 });
    expect((error as ServiceError).metadata.get("grpc-retry-pushback-ms")).toEqual(["250"]);
    expect(held.shed).toEqual(["/orgroles.v1.EnvironmentService/GetEnvironment"]);
    expect(held.begun).toEqual(["first"]);
    await finish();
    expect(await Promise.all(answers)).toHaveLength(2);
    expect(held.begun).toEqual(["first", "second"]);
  });

  test("does nothing of a call whose caller has given up", async () => {
    answers.push(held.call("first"));
    await loadIs(1, 0);
    const impatient = new EnvironmentServiceClient(held.address, channels.createInsecure());
    const request = { environmentId: "impatient" };
    const given = new Promise<unknown>((resolve) => {
      const call = impatient.getEnvironment(request, new Metadata(), (error) => resolve(error?.code));
      void loadIs(1, 1).then(() => call.cancel());
    });
    expect(await given).toBe(1);
    impatient.close();
    await loadIs(1, 0); // its place is free
    answers.push(held.call("second"));
    await loadIs(1, 1);
    await finish();
    await until("all calls have ended", async () => (held.ended.length === 3 ? true : undefined));
    expect(held.begun).toEqual(["first", "second"]);
    expect(held.ended.map(({ code }) => code).toSorted()).toEqual(["CANCELLED", "OK", "OK"]);
  });
});

const newSource = (): CallSource => ({ runningCalls: 0 });
/** Lets calls of a source in, and returns the names of those that run, in the order in which they begin. */
const starting = (admission: Admission) => {
  const begun: string[] = [];
  const start = (name: string, source: CallSource) => {
    const turn = admission.admit(callOf(source));
    if (turn) void turn.then(() => begun.push(name));
    else begun.push(name);
  };
  return { begun, start };
};
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("places", () => {
  test("are left to sources without a running call, and one source alone gets all others", () => {
    const admission = new Admission({ concurrency: 64, queue: 100, rate: 0 });
    const { begun, start } = starting(admission);
    const [busy, other, third] = [newSource(), newSource(), newSource()];
    for (let call = 0; call < 64; call += 1) start("busy", busy);
    expect(admission.load()).toMatchObject({ running: 56, queued: 8 });
    start("other", other);
    start("other again", other);
    start("third", third);
    expect(begun.slice(56)).toEqual(["other", "third"]);
    expect(admission.load()).toMatchObject({ running: 58, queued: 9 });
  });

  test("go to a source without a running call first, then to the others in rotation", async () => {
    const admission = new Admission({ concurrency: 2, queue: 100, rate: 0 });
    const { begun, start } = starting(admission);
    const [a, b, c] = [newSource(), newSource(), newSource()];
    start("a1", a);
    start("b1", b);
    for (const name of ["a2", "a3", "a4"]) start(name, a);
    start("b2", b);
    start("c1", c);
    expect(begun).toEqual(["a1", "b1"]);
    const release = async (source: CallSource) => {
      admission.release(callOf(source));
      await settle();
    };
    await release(b); // b has no running call either, and has waited longer than c
    expect(begun.slice(2)).toEqual(["b2"]);
    await release(b);
    expect(begun.slice(3)).toEqual(["c1"]);
    await release(c);
    await release(a);
    expect(begun.slice(4)).toEqual(["a2", "a3"]);
    for (const source of [a, a]) await release(source);
    await release(a);
    expect(begun.slice(6)).toEqual(["a4"]);
    expect(admission.load()).toMatchObject({ running: 0, queued: 0 });
    for (const source of [a, b, c]) expect(source).toEqual({ runningCalls: 0 });
  });

  test("are open to a source without a running call while others have filled the queue", () => {
    const admission = new Admission({ concurrency: 8, queue: 1, rate: 0 });
    const { begun, start } = starting(admission);
    const [busy, other] = [newSource(), newSource()];
    for (let call = 0; call < 8; call += 1) start("busy", busy);
    expect([admission.full(busy), admission.full(other)]).toEqual([true, false]);
    expect(() => start("busy", busy)).toThrow(messages.queue);
    start("other", other);
    expect(begun).toEqual([...Array<string>(7).fill("busy"), "other"]);
    expect(admission.full(newSource())).toBe(true);
  });
});

const read = ({ environments }: TestClient) => environments.getEnvironment({ environmentId: "alpha" });

describe("the rate", () => {
  const tokens = ["one", "two"];
  const settings = {
    ORGROLES_CREDENTIALS: JSON.stringify(
      [...tokens, "admin"].map((name) => ({
        name,
        token_sha256: tokenDigest(name).toString("hex"),
        action: "read",
        environments: "*",
      })),
    ),
  };

  test("of one credential is limited, and that of another is its own", async () => {
    const service = await startService(
      present(engines[0]),
      { ...settings, ORGROLES_RATE_LIMIT: "20" },
      undefined,
      bearer("admin"),
    );
    const [one, two] = tokens.map((token) => connect(service.address, bearer(token))) as [TestClient, TestClient];
    try {
      // ten seconds' worth at once; fewer are let in unless it takes as long to ask
      const { answers, failures } = await outcomeOf(many(200, () => read(one)));
      expect(answers.length).toBeGreaterThanOrEqual(20);
      expect(reasonsOf(failures)).toEqual({ OVERLOADED: 200 - answers.length });
      expect(failures[0]).toMatchObject(overloaded("rate_limit"));
      for (const { retryDelay } of failures) {
        expect(retryDelay).toBeGreaterThan(0);
        expect(retryDelay).toBeLessThanOrEqual(1000);
      }
      expect((await read(two)).environment?.id).toBe("alpha");
      expect((await until("the next second", () => read(one))).environment?.id).toBe("alpha");
    } finally {
      one.close();
      two.close();
      await service.drop();
    }
  });

  test("is not limited unless it is asked for", async () => {
    const admission = new Admission({ concurrency: 1, queue: 5000, rate: 0 });
    const one = callOf({ runningCalls: 0 });
    let answered = 0;
    const calls = many(5000, async () => {
      await admission.count(caller);
      await admission.admit(one);
      answered += 1;
      admission.release(one);
    });
    await Promise.all(calls);
    expect(answered).toBe(5000);
    expect(admission.load()).toMatchObject({ running: 0, queued: 0 });
  });
});
