import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { CreateResumeTokens, SequencePlace } from "../application/events/resume-token";
import type { EnvironmentUid } from "../domain/ids";
import type { EnvironmentId } from "../domain/values";

const tagLength = 12;
const uidLength = 26;
const positionLength = 6;
const tokenPattern = new RegExp(`^[\\w-]{${Math.ceil(((tagLength + uidLength + positionLength) * 4) / 3)}}$`);

const vectorOf = (tag: Buffer) => Buffer.concat([tag, Buffer.alloc(16 - tagLength)]);

/**
 * Encrypts places, each always to the same token. The tag of a place authenticates it, together with the environment,
 * and is the initialization vector of its encryption.
 */
export const createResumeTokens: CreateResumeTokens = (secret) => {
  const keyOf = (purpose: string) => Buffer.from(hkdfSync("sha256", secret, "", `resume token ${purpose}`, 32));
  const authentication = keyOf("authentication");
  const encryption = keyOf("encryption");

  const tagOf = (environment: EnvironmentId, place: Buffer) =>
    createHmac("sha256", authentication).update(environment).update("\0").update(place).digest().subarray(0, tagLength);

  return {
    encode(environment, { uid, position }) {
      const place = Buffer.alloc(uidLength + positionLength);
      place.write(uid.padEnd(uidLength), "latin1");
      place.writeUIntBE(position, uidLength, positionLength);
      const tag = tagOf(environment, place);
      const cipher = createCipheriv("aes-256-ctr", encryption, vectorOf(tag));
      return Buffer.concat([tag, cipher.update(place)]).toString("base64url");
    },
    decode(environment, token): SequencePlace | undefined {
      if (!tokenPattern.test(token)) return undefined;
      const bytes = Buffer.from(token, "base64url");
      if (bytes.toString("base64url") !== token) return undefined;
      const tag = bytes.subarray(0, tagLength);
      const place = createDecipheriv("aes-256-ctr", encryption, vectorOf(tag)).update(bytes.subarray(tagLength));
      if (!timingSafeEqual(tag, tagOf(environment, place))) return undefined;
      return {
        uid: place.toString("latin1", 0, uidLength).trimEnd() as EnvironmentUid,
        position: place.readUIntBE(uidLength, positionLength),
      };
    },
  };
};
