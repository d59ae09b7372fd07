import { type DescField, type DescMessage, fromBinary, toJsonString } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FewAtOnce, type Requester, stillThere } from "../connections/few-at-once";
import { Slice } from "../event-loop/time-slices";
import type { HttpMethod } from "./methods";

/** Bytes of a response from which it is written in parts. */
const large = 16 * 1024;

/** Writes large responses. */
const writing = new FewAtOnce(2);

/** Returns a response, which is protobuf, in JSON. Writes a large one in slices of time. */
export function writeResponseJson(
  response: Uint8Array,
  method: HttpMethod,
  requester: Requester,
): Buffer | Promise<Buffer> {
  return response.length < large
    ? writeWhole(method.output, response, method)
    : writing.do(requester, response, (own) => writeInParts(own, method, requester));
}

const encode = (text: string) => Buffer.from(text);

const writeWhole = (message: DescMessage, bytes: Uint8Array, { registry }: HttpMethod) =>
  encode(toJsonString(message, fromBinary(message, bytes), { registry }));

/** Writes the messages of each list one by one, and everything else as one message. Does the same as `writeWhole`. */
export async function writeInParts(response: Uint8Array, method: HttpMethod, requester: Requester): Promise<Buffer> {
  const { output } = method;
  const slice = new Slice(stillThere(requester));
  const reader = new BinaryReader(response);
  const lists = new Map<DescField, Buffer[]>();
  const rest: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    const field = output.fields.find((one) => one.number === number);
    if (field?.fieldKind !== "list" || field.listKind !== "message" || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      rest.push(response.subarray(start, reader.pos));
      continue;
    }
    const element = writeWhole(field.message, reader.bytes(), method);
    const elements = lists.get(field);
    if (elements) elements.push(comma, element);
    else lists.set(field, [element]);
    const ended = slice.endAfterPiece();
    if (ended) await ended;
  }
  return join(writeWhole(output, Buffer.concat(rest), method), lists);
}

const comma = encode(",");

/** Adds lists to an object. */
function join(object: Buffer, lists: ReadonlyMap<DescField, readonly Buffer[]>): Buffer {
  const parts: Buffer[] = [object.subarray(0, -1)];
  let isFirst = object.length === 2;
  for (const [field, elements] of lists) {
    parts.push(encode(`${isFirst ? "" : ","}"${field.jsonName}":[`), ...elements, encode("]"));
    isFirst = false;
  }
  return Buffer.concat([...parts, encode("}")]);
}
