/** Throws once the caller has cancelled. An `AbortSignal` satisfies this type; creating one per call costs too much. */
export type CallSignal = Pick<AbortSignal, "throwIfAborted">;
