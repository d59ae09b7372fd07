import { Initial1790000000001 } from "./0001-initial";
import { Members1790000000002 } from "./0002-members";

/** In the order in which they run. */
export const migrations = [Initial1790000000001, Members1790000000002] as const;
