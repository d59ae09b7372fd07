import { isAscii } from "node:buffer";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { limits } from "../domain/limits";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What `toString("latin1", …)` calls when it has looked at its arguments, which takes longer for short text. */
interface SliceableBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
}

/** Up to here a loop finds out faster than a call of the engine whether text is ASCII. */
const shortText = 64;

/**
 * A reader for generated decoders, which limit neither the unknown fields nor the messages that they collect. Reading ends
 * early, as if nothing more followed, where the request has to be refused in any case: after very many unknown fields, and
 * after very many messages.
 */
export class MessageReader extends BinaryReader {
  /** Fields that a message of the request does not have, or has with another type. */
  unknownFields = 0;
  private messages = 0;
  private depth = 0;

  private readonly request: SliceableBuffer;

  constructor(request: Buffer) {
    super(request);
    this.request = request as SliceableBuffer;
  }

  /** Whether there are more messages than any valid request has; the rest is not read. */
  get hasTooManyMessages(): boolean {
    return this.messages > limits.requestMessages;
  }

  /** Decoders note here how deep they are: one more at the beginning of each message, one less at its end. */
  get __tsProtoDecodeDepth(): number {
    return this.depth;
  }

  set __tsProtoDecodeDepth(depth: number) {
    if (depth > this.depth) this.messages += 1;
    else if (this.hasTooManyMessages) this.pos = this.len;
    this.depth = depth;
  }

  /** Decoders skip what they do not know, and nothing else; groups are skipped field by field. */
  override skip(...[wireType, fieldNumber, recursionLimit]: Parameters<BinaryReader["skip"]>): Uint8Array {
    this.unknownFields += 1;
    const value = super.skip(wireType, fieldNumber, recursionLimit);
    if (this.unknownFields > limits.unknownFields) this.pos = this.len;
    return value;
  }

  /** Almost all text is short and ASCII, for which the decoder takes many times as long. Throws for what is no UTF-8. */
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
