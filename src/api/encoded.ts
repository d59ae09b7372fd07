import { memo } from "../domain/memo";

/** A response that was encoded before. */
export type Encoded = Buffer;

/** Encodes each view once: where what it shows still holds, the services answer the same one. */
export const memoizeEncoding = <View extends object>(encode: (view: View) => Uint8Array): ((view: View) => Encoded) =>
  memo((view) => Buffer.from(encode(view)));
