import { memoizeByIdentity } from "../domain/memoize-by-identity";

/** The bytes of a response. */
export type Encoded = Buffer;

/**
 * Encodes each view once. The use cases return the same object for as long as nothing that it shows has changed, so the
 * object is the key of its bytes.
 */
export const memoizeEncoding = <View extends object>(encode: (view: View) => Uint8Array): ((view: View) => Encoded) =>
  memoizeByIdentity((view) => Buffer.from(encode(view)));
