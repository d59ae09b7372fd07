/** A response that was encoded before. */
export type Encoded = Buffer;

/** Encodes each view once: where what it shows still holds, the services answer the same one. */
export function encodedOnce<View extends object>(encode: (view: View) => Uint8Array): (view: View) => Encoded {
  const known = new WeakMap<View, Encoded>();
  return (view) => {
    let bytes = known.get(view);
    if (!bytes) known.set(view, (bytes = Buffer.from(encode(view))));
    return bytes;
  };
}
