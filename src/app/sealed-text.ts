import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

const tagLength = 12;

const vectorOf = (tag: Buffer) => Buffer.concat([tag, Buffer.alloc(16 - tagLength)]);

/** Makes texts of bytes that nobody else can read or make, each always the same. */
export interface SealedText {
  /** Returns the text for bytes, which is of use only with the same context. */
  seal(context: string, bytes: Buffer): string;
  /** Returns the bytes of a text; undefined if it was not sealed with this context. */
  open(context: string, text: string): Buffer | undefined;
}

/** The length of the text for a number of bytes. */
export const sealedLength = (bytes: number): number => Math.ceil(((tagLength + bytes) * 4) / 3);

/**
 * Seals bytes for a purpose with a secret. The tag of the bytes authenticates them, together with the context, and is the
 * initialization vector of their encryption.
 */
export function createSealedText(secret: string, purpose: string): SealedText {
  const keyOf = (use: string) => Buffer.from(hkdfSync("sha256", secret, "", `${purpose} ${use}`, 32));
  const authentication = keyOf("authentication");
  const encryption = keyOf("encryption");
  const tagOf = (context: string, bytes: Buffer) =>
    createHmac("sha256", authentication).update(context).update("\0").update(bytes).digest().subarray(0, tagLength);

  return {
    seal(context, bytes) {
      const tag = tagOf(context, bytes);
      const cipher = createCipheriv("aes-256-ctr", encryption, vectorOf(tag));
      return Buffer.concat([tag, cipher.update(bytes)]).toString("base64url");
    },
    open(context, text) {
      const sealed = Buffer.from(text, "base64url");
      if (sealed.length <= tagLength || sealed.toString("base64url") !== text) return undefined;
      const tag = sealed.subarray(0, tagLength);
      const bytes = createDecipheriv("aes-256-ctr", encryption, vectorOf(tag)).update(sealed.subarray(tagLength));
      return timingSafeEqual(tag, tagOf(context, bytes)) ? bytes : undefined;
    },
  };
}
