import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface ReceivedSpan {
  readonly traceId: string;
  readonly id: string;
  /** Empty: it begins its trace. */
  readonly parentId: string;
  readonly name: string;
  /** 2: of a server, 3: of a client. */
  readonly kind: number;
  /** Those with text as their value. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly failed: boolean;
  readonly service: string;
}

export interface OtlpReceiver {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** Everything received, as it came. */
  bytes(): Buffer;
  close(): Promise<void>;
}

/** Takes traces by OTLP over HTTP, as a collector does. */
export async function otlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server: Server = createServer((request, response) => {
    void buffer(request).then((body) => {
      if (request.url !== "/v1/traces") return response.writeHead(404).end();
      bodies.push(body);
      spans.push(...spansIn(body));
      return response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bytes: () => Buffer.concat(bodies),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Fields = ReadonlyMap<number, readonly (Uint8Array | number)[]>;

function spansIn(body: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((ofResource) => {
    const [resource = new Map()] = messages(ofResource, 1);
    const service = attributesOf(resource, 1)["service.name"] ?? "";
    return messages(ofResource, 2)
      .flatMap((ofScope) => messages(ofScope, 2))
      .map((span) => ({
        traceId: hex(span, 1),
        id: hex(span, 2),
        parentId: hex(span, 4),
        name: text(span, 5),
        kind: Number(span.get(6)?.[0] ?? 0),
        attributes: attributesOf(span, 9),
        failed: messages(span, 15).some((status) => status.get(3)?.[0] === 2),
        service,
      }));
  });
}

function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (Uint8Array | number)[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (type === WireType.Varint) values.push(Number(reader.int64()));
    else if (type === WireType.LengthDelimited) values.push(reader.bytes());
    else reader.skip(type, number);
  }
  return fields;
}

const bytesOf = (fields: Fields, number: number) =>
  (fields.get(number) ?? []).filter((value): value is Uint8Array => value instanceof Uint8Array);
const messages = (fields: Fields, number: number) => bytesOf(fields, number).map(fieldsOf);
const hex = (fields: Fields, number: number) => Buffer.from(bytesOf(fields, number)[0] ?? []).toString("hex");
const text = (fields: Fields, number: number) => Buffer.from(bytesOf(fields, number)[0] ?? []).toString();

function attributesOf(fields: Fields, number: number): Record<string, string> {
  const pairs = messages(fields, number).map((attribute) => [
    text(attribute, 1),
    messages(attribute, 2).map((value) => text(value, 1))[0] ?? "",
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}
