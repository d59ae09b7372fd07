import { Metadata, type ServiceError, credentials as channels } from "@grpc/grpc-js";
import { pino } from "pino";
import { EnvironmentServiceClient, EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import { tokenDigest } from "../../src/auth/authenticator";
import type { Caller } from "../../src/domain/authorization";
import { environmentActions } from "../../src/api/required-actions";
import { Admission } from "../../src/calls/admission";
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
    let answered = 0;
    const calls = many(5000, async () => {
      await admission.count(caller);
      await admission.admit({ isCancelled: false, onCancel: () => undefined });
      answered += 1;
      admission.release();
    });
    await Promise.all(calls);
    expect(answered).toBe(5000);
    expect(admission.load()).toMatchObject({ running: 0, queued: 0 });
  });
});
