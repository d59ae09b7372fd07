import { Initial1790000000001 } from "./0001-initial";

/** In the order in which they run. */
export const migrations = [Initial1790000000001] as const;
