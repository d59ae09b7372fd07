import type { EnvironmentUid } from "../../domain/ids";
import type { OrganizationId } from "../../domain/values";
import { ascii, integer, key } from "./columns";
import { declareTable } from "./table";

/** Lock row of the numbering of an environment's events. It outlives the environment, as the events do. */
export const eventSequenceTable = declareTable("event_sequences", {
  environmentUid: key(ascii<EnvironmentUid>(26)),
  /** Grows with every lock. */
  touches: integer(),
  lastPosition: integer(),
  purgedPosition: integer(),
});

/** The organizations whose events before a revision are hidden, until the garbage collector has deleted them. */
export const eventErasureTable = declareTable("event_erasures", {
  environmentUid: key(ascii<EnvironmentUid>(26)),
  organizationId: key(ascii<OrganizationId>(64)),
  beforeRevision: integer(),
});

/** Secrets that all processes share. */
export const secretTable = declareTable("secrets", {
  name: key(ascii<"resume_tokens">(32)),
  value: ascii<string>(64),
});
