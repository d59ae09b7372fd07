import { FewAtOnce, goneAway } from "../../src/connections/few-at-once";

/** A request of a connection, whose peer may go away. */
function request(connection: object) {
  const listeners: (() => void)[] = [];
  const it = {
    connection,
    closed: false,
    once: (_: "close", listener: () => void) => void listeners.push(listener),
    goAway: () => {
      it.closed = true;
      for (const listener of listeners) listener();
    },
  };
  return it;
}

/** Work that says when it begins, and ends when it is told to. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) =>
    new Promise<string>((resolve) => {
      begun.push(name);
      ends.set(name, () => resolve(`${name} done`));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { begun, work, end };
}

test("a few are done at once, and then one of each connection in rotation", async () => {
  const { begun, work, end } = works();
  const few = new FewAtOnce(2);
  const [many, one] = [{}, {}];
  for (const name of ["a", "b", "c", "d"]) void few.do(request(many), name, work);
  const last = few.do(request(one), "honest", work);
  expect(begun).toEqual(["a", "b"]);
  await end("a");
  expect(begun).toEqual(["a", "b", "c"]);
  await end("b");
  expect(begun).toEqual(["a", "b", "c", "honest"]);
  await end("honest");
  expect(await last).toBe("honest done");
  expect(begun).toEqual(["a", "b", "c", "honest", "d"]);
});

test("what waits for a peer that goes away is forgotten at once", async () => {
  const { begun, work, end } = works();
  const few = new FewAtOnce(1);
  const [first, second] = [request({}), request({})];
  void few.do(first, "a", work);
  const waiting = few.do(second, "b", work);
  second.goAway();
  await expect(waiting).rejects.toBe(goneAway);
  await expect(few.do(second, "again", work)).rejects.toBe(goneAway);
  await end("a");
  expect(begun).toEqual(["a"]);
});

test("work that fails leaves its place to the next", async () => {
  const { begun, work } = works();
  const few = new FewAtOnce(1);
  const failing = few.do(request({}), "a", () => Promise.reject(new Error("failed")));
  void few.do(request({}), "b", work);
  await expect(failing).rejects.toThrow("failed");
  await new Promise(setImmediate);
  expect(begun).toEqual(["b"]);
});
