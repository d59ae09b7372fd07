import { randomUUID } from "node:crypto";
import { isId } from "../domain/values";

/** Returns the id of a call: the one in its header `x-request-id` if that is valid, else a new one. */
export const requestIdOf = (given: string | readonly string[] | undefined): string =>
  typeof given === "string" && isId(given) ? given : randomUUID();
