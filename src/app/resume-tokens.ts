import type { CreateResumeTokens, SequencePlace } from "../application/events/resume-token";
import type { EnvironmentUid } from "../domain/ids";
import { createSealedText, sealedLength } from "./sealed-text";

const uidLength = 26;
const positionLength = 6;
const length = sealedLength(uidLength + positionLength);

/** Seals places in the sequence of an environment. */
export const createResumeTokens: CreateResumeTokens = (secret) => {
  const sealed = createSealedText(secret, "resume token");

  return {
    encode(environment, { uid, position }) {
      const place = Buffer.alloc(uidLength + positionLength);
      place.write(uid.padEnd(uidLength), "latin1");
      place.writeUIntBE(position, uidLength, positionLength);
      return sealed.seal(environment, place);
    },
    decode(environment, token): SequencePlace | undefined {
      const place = token.length === length ? sealed.open(environment, token) : undefined;
      if (!place) return undefined;
      return {
        uid: place.toString("latin1", 0, uidLength).trimEnd() as EnvironmentUid,
        position: place.readUIntBE(uidLength, positionLength),
      };
    },
  };
};
