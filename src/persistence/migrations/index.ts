import { Initial1790000000001 } from "./0001-initial";
import { Members1790000000002 } from "./0002-members";
import { SweepIndex1790000000003 } from "./0003-sweep-index";
import { Events1790000000004 } from "./0004-events";
import { EventSequences1790000000005 } from "./0005-event-sequences";
import { MembersByUser1790000000006 } from "./0006-members-by-user";
import { EscalationGuard1790000000007 } from "./0007-escalation-guard";
import { MembersByCreation1790000000008 } from "./0008-members-by-creation";
import type { ReversibleMigration } from "./deletion";

/** All migrations, in the order in which they run. */
export const migrations = [
  Initial1790000000001,
  Members1790000000002,
  SweepIndex1790000000003,
  Events1790000000004,
  EventSequences1790000000005,
  MembersByUser1790000000006,
  EscalationGuard1790000000007,
  MembersByCreation1790000000008,
] as const satisfies readonly (new () => ReversibleMigration)[];
