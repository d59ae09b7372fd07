import * as fc from "fast-check";
import { type Operation, isLinearizable } from "./register";

const read = (value: string, begin: number, end: number): Operation => ({ kind: "read", value, begin, end });
const write = (value: string, begin: number, end: number): Operation => ({ kind: "write", value, begin, end });

test.each<[string, boolean, Operation[]]>([
  ["a read of what is there", true, [read("0", 0, 1)]],
  ["a read of what nobody wrote", false, [read("1", 0, 1)]],
  ["a read after a write", true, [write("1", 0, 1), read("1", 2, 3)]],
  ["an old value after a write", false, [write("1", 0, 1), read("0", 2, 3)]],
  ["an old value during a write", true, [write("1", 0, 5), read("0", 1, 2)]],
  ["a new value during a write", true, [write("1", 0, 5), read("1", 1, 2)]],
  ["new and then old during a write", false, [write("1", 0, 9), read("1", 1, 2), read("0", 3, 4)]],
  ["new and old at once during a write", true, [write("1", 0, 9), read("1", 1, 4), read("0", 2, 3)]],
  ["a write nobody knows of, seen later", true, [write("1", 0, Infinity), read("0", 1, 2), read("1", 3, 4)]],
  ["a write nobody knows of, never seen", true, [write("1", 0, Infinity), read("0", 1, 2)]],
  ["a write nobody knows of, seen before it began", false, [read("1", 0, 1), write("1", 2, Infinity)]],
  ["a write nobody knows of, that comes and goes", false, [write("1", 0, Infinity), read("1", 1, 2), read("0", 3, 4)]],
  ["two writes at once, in either order", true, [write("1", 0, 5), write("2", 0, 5), read("1", 6, 7)]],
  ["two writes at once, in both orders", false, [write("1", 0, 5), write("2", 0, 5), read("1", 6, 7), read("2", 8, 9)]],
])("%s: %s", (_, expected, history) => {
  expect(isLinearizable("0", history)).toBe(expected);
});

/** A register that really takes each operation at one moment within its time. */
const realHistory = fc
  .array(fc.record({ isRead: fc.boolean(), before: fc.nat(20), after: fc.nat(20), value: fc.nat(4) }), {
    maxLength: 60,
  })
  .map((steps) => {
    let value = "0";
    return steps.map(({ isRead, before, after, value: next }, moment): Operation => {
      if (!isRead) value = String(next);
      return { kind: isRead ? "read" : "write", value, begin: moment - before, end: moment + after };
    });
  });

test("every history of a real register is linearizable", () => {
  expect(fc.check(fc.property(realHistory, (history) => isLinearizable("0", history))).counterexample).toBeNull();
});

const foreign = (moment: number) => read("9", moment, moment + 1);

test("a read of something that nobody writes is not, wherever it stands in a history", () => {
  const property = fc.property(
    realHistory,
    fc.nat(60),
    (history, moment) => !isLinearizable("0", [...history, foreign(moment)]),
  );
  expect(fc.check(property).counterexample).toBeNull();
});
