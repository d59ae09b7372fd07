import { promisify } from "node:util";
import { type InputType, type ZlibOptions, brotliDecompress, gunzip, inflate as unzip } from "node:zlib";
import { Semaphore } from "async-mutex";
import { refuse } from "../domain/errors";

/** The number of requests that are inflated at the same time. Other requests wait in their compressed form. */
const inflating = new Semaphore(2);

type Inflater = (bytes: InputType, options: ZlibOptions) => Promise<Buffer>;

const inflaters = {
  gzip: promisify(gunzip) as Inflater,
  deflate: promisify(unzip) as Inflater,
  br: promisify(brotliDecompress) as Inflater,
};

export type Encoding = keyof typeof inflaters;

export interface InflateOptions {
  /** Bytes of the inflated request. */
  readonly most: number;
  /** Throws if nobody needs the request any more when its turn comes. */
  readonly throwIfGone: () => void;
}

/** Returns a request as it was before it was compressed. Throws INVALID_FIELDS if it is too large, or was not compressed. */
export function inflate(encoding: Encoding, bytes: Buffer, { most, throwIfGone }: InflateOptions): Promise<Buffer> {
  return inflating.runExclusive(async () => {
    throwIfGone();
    try {
      return await inflaters[encoding](bytes, { maxOutputLength: most });
    } catch (error) {
      const description =
        (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
          ? `must be at most ${most} bytes`
          : `must be compressed with ${encoding}, as its headers say`;
      throw refuse.invalidFields([{ field: "request", description }]);
    }
  });
}
