import { isAscii } from "node:buffer";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { limits } from "../domain/limits";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The function that `toString("latin1", …)` calls after checking its arguments. The checks cost more than short text. */
interface SliceableBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
}

/** The length up to which a loop finds out faster than a call of the engine whether text is ASCII. */
const shortText = 64;

/**
 * A reader for generated decoders, which by themselves limit neither the unknown fields nor the messages that they collect.
 * Reading ends early, as at the end of the request, after too many unknown fields or messages: such a request is refused.
 */
export class MessageReader extends BinaryReader {
  /** The number of fields that the messages do not have, or have with another type. */
  unknownFields = 0;
  private messages = 0;
  private depth = 0;

  private readonly request: SliceableBuffer;

  constructor(request: Buffer) {
    super(request);
    this.request = request as SliceableBuffer;
  }

  /** Whether there are more messages than any valid request has. The rest is not read. */
  get hasTooManyMessages(): boolean {
    return this.messages > limits.requestMessages;
  }

  /** The depth of the message that is decoded. Decoders add one at the beginning of each message, and subtract one at its end. */
  get __tsProtoDecodeDepth(): number {
    return this.depth;
  }

  set __tsProtoDecodeDepth(depth: number) {
    if (depth > this.depth) this.messages += 1;
    else if (this.hasTooManyMessages) this.pos = this.len;
    this.depth = depth;
  }

  /** Counts an unknown field and skips it. Decoders call this for unknown fields only, and for each field of a group. */
  override skip(...[wireType, fieldNumber, recursionLimit]: Parameters<BinaryReader["skip"]>): Uint8Array {
    this.unknownFields += 1;
    const value = super.skip(wireType, fieldNumber, recursionLimit);
    if (this.unknownFields > limits.unknownFields) this.pos = this.len;
    return value;
  }

  /** Reads text. Almost all text is short ASCII, for which a TextDecoder takes many times as long. Throws if it is not UTF-8. */
  override string(): string {
    const length = this.uint32();
    const start = this.pos;
    const end = start + length;
    if (end > this.len) throw new RangeError("premature EOF");
    this.pos = end;
    if (length === 0) return "";
    return this.isAscii(start, end)
      ? this.request.latin1Slice(start, end)
      : utf8.decode(this.request.subarray(start, end));
  }

  private isAscii(start: number, end: number): boolean {
    if (end - start > shortText) return isAscii(this.request.subarray(start, end));
    for (let position = start; position < end; position += 1) if ((this.request[position] ?? 0) > 0x7f) return false;
    return true;
  }
}
