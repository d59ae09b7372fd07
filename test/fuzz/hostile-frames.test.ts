import { type Socket, connect as connectSocket } from "node:net";
import * as fc from "fast-check";
import { exchange, frame, grpcBody, preface } from "../support/frames";
import { rawClient } from "../support/raw";
import { cases, run, untilMemoryIsBack, withoutGrowth } from "./cases";
import { authorized, marker, sharedService, tokens, valid } from "./shared-service";

const service = sharedService();

/** Returns literal header fields without indexing, as HPACK writes them. */
const hpack = (fields: Record<string, string>) =>
  Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([Math.min(126, value.length)]),
      Buffer.from(value.slice(0, 126)),
    ]),
  );
const call = hpack({
  ":method": "POST",
  ":scheme": "http",
  ":path": "/orgroles.v1.RoleService/GetRole",
  ":authority": "x",
  "content-type": "application/grpc",
  te: "trailers",
  authorization: `Bearer ${tokens.attacker}`,
});
const repeat = (count: number, make: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
const settingsFrame = frame(4, 0, 0, Buffer.alloc(0));
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const anyFrame = fc
  .tuple(
    fc.nat(12),
    fc.nat(255),
    fc.oneof(fc.nat(9), fc.nat(2 ** 31 - 1)),
    fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.constant(call)),
    fc.option(fc.nat(2 ** 24 - 1), { freq: 6 }),
  )
  .map(([type, flags, stream, payload, length]) => {
    const bytes = frame(type, flags, stream, payload);
    if (length !== null) bytes.writeUIntBE(length, 0, 3);
    return bytes;
  });
const attacks = fc.oneof(
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 6,
    arbitrary: fc
      .array(anyFrame, { minLength: 1, maxLength: 12 })
      .map((frames) => Buffer.concat([preface, settingsFrame, ...frames])),
  },
  { weight: 1, arbitrary: fc.nat(preface.length).map((length) => preface.subarray(0, length)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      // opened and reset at once, over and over
      Buffer.concat([
        preface,
        settingsFrame,
        repeat(300, (index) =>
          Buffer.concat([frame(1, 4, index * 2 + 1, call), frame(3, 0, index * 2 + 1, uint32(8))]),
        ),
      ]),
      // headers that never end
      Buffer.concat([
        preface,
        settingsFrame,
        frame(1, 0, 1, call),
        repeat(500, () => frame(9, 0, 1, hpack({ "x-more": "y".repeat(100) }))),
      ]),
      // floods of what has to be answered
      Buffer.concat([preface, repeat(2000, () => settingsFrame)]),
      Buffer.concat([preface, settingsFrame, repeat(2000, () => frame(6, 0, 0, Buffer.alloc(8)))]),
      // windows that overflow, and none at all
      Buffer.concat([preface, settingsFrame, frame(8, 0, 0, uint32(0x7fffffff)), frame(8, 0, 0, uint32(0x7fffffff))]),
      Buffer.concat([
        preface,
        frame(4, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(0)])),
        frame(1, 4, 1, call),
        frame(0, 1, 1, grpcBody(valid)),
      ]),
      // empty data, and a stream that depends on itself
      Buffer.concat([
        preface,
        settingsFrame,
        frame(1, 4, 1, call),
        repeat(1000, () => frame(0, 0, 1, Buffer.alloc(0))),
      ]),
      Buffer.concat([preface, settingsFrame, frame(2, 0, 1, Buffer.concat([uint32(1), Buffer.from([16])]))]),
      // another protocol
      Buffer.from("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    ),
  },
);

let answered = 0;
/** Expects that the connection ends, and that nothing of others comes over it. */
const attack = async ([bytes, ends]: [Buffer, boolean]) => {
  const answer = await exchange(service.address, bytes, { ends });
  expect(answer.includes(marker)).toBe(false);
  if (answer.length) answered += 1;
};

test("frames that are no HTTP/2 end their connection and nothing else", async () => {
  await withoutGrowth(
    service,
    (share, half) => run(share, half, fc.tuple(attacks, fc.boolean()), attack),
    Math.ceil(cases * 0.2),
  );
  expect(answered).toBeGreaterThan(0);
}, 300_000);

test("three hundred connections that hang half-way keep nobody from being answered", async () => {
  const sockets: Socket[] = [];
  const [host, port] = service.address.split(":");
  const beginnings = [
    preface.subarray(0, 10),
    preface,
    Buffer.concat([preface, settingsFrame, frame(1, 0, 1, call)]), // headers without their end
    Buffer.concat([preface, settingsFrame, frame(1, 4, 1, call), frame(0, 0, 1, grpcBody(valid).subarray(0, 7))]),
    Buffer.alloc(0),
  ];
  const before = await service.memory();
  try {
    await Promise.all(
      Array.from({ length: 300 }, (_, index) => {
        const socket = connectSocket(Number(port), host);
        sockets.push(socket);
        return new Promise<void>((resolve, reject) => {
          socket.once("error", reject);
          socket.once("connect", () => socket.write(beginnings[index % beginnings.length] ?? "", () => resolve()));
        });
      }),
    );
    const raw = rawClient(service.address, authorized(tokens.attacker));
    const answers = await Promise.all(Array.from({ length: 100 }, () => raw.call("RoleService/GetRole", valid)));
    raw.close();
    expect(answers.filter(({ failure }) => failure)).toEqual([]);
  } finally {
    for (const socket of sockets) socket.on("error", () => undefined).destroy();
  }
  await untilMemoryIsBack(service, before);
});
