import { refuse } from "../../domain/errors";
import type { EnvironmentUid } from "../../domain/ids";
import type { EnvironmentId } from "../../domain/values";

/** A place in the sequence of an environment: after the event with this position. */
export interface SequencePlace {
  readonly uid: EnvironmentUid;
  readonly position: number;
}

/** Makes tokens of places, and places of tokens. A token does not show its place, and is of use only in its environment. */
export interface ResumeTokens {
  encode(environment: EnvironmentId, place: SequencePlace): string;
  /** Returns undefined if the text is not a token of the environment. */
  decode(environment: EnvironmentId, token: string): SequencePlace | undefined;
}

/** Returns the tokens that a secret protects. */
export type CreateResumeTokens = (secret: string) => ResumeTokens;

/** Returns the place of a token. Throws RESUME_TOKEN_INVALID. */
export function parseResumeToken(tokens: ResumeTokens, environment: EnvironmentId, token: string): SequencePlace {
  const place = tokens.decode(environment, token);
  if (!place) throw refuse.resumeTokenInvalid();
  return place;
}
