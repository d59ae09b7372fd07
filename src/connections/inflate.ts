import { promisify } from "node:util";
import { type InputType, type ZlibOptions, brotliDecompress, gunzip, inflate as unzip } from "node:zlib";
import { refuse } from "../domain/errors";
import { FewAtOnce, type Requester } from "./few-at-once";

/** The number of requests that are inflated at the same time. Other requests wait in their compressed form. */
const inflating = new FewAtOnce(2);

type Inflater = (bytes: InputType, options: ZlibOptions) => Promise<Buffer>;

const inflaters = {
  gzip: promisify(gunzip) as Inflater,
  deflate: promisify(unzip) as Inflater,
  br: promisify(brotliDecompress) as Inflater,
};

export type Encoding = keyof typeof inflaters;

/**
 * Returns a request of at most `most` bytes as it was before it was compressed. Throws INVALID_FIELDS if it is larger, or was
 * not compressed, and an Error if its peer goes away.
 */
export function inflate(requester: Requester, encoding: Encoding, bytes: Buffer, most: number): Promise<Buffer> {
  return inflating.do(requester, bytes, async (compressed) => {
    try {
      return await inflaters[encoding](compressed, { maxOutputLength: most });
    } catch (error) {
      const description =
        (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
          ? `must be at most ${most} bytes`
          : `must be compressed with ${encoding}, as its headers say`;
      throw refuse.invalidFields([{ field: "request", description }]);
    }
  });
}
