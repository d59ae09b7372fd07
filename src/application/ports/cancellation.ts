/** Of a caller: throws when it has given up. An AbortSignal is one, and takes longer to make than it is of use. */
export type CallSignal = Pick<AbortSignal, "throwIfAborted">;
