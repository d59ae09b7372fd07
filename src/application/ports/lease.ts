/**
 * Lets one process at a time do a piece of work. A waiting process takes over from a holder that has not beaten for 15
 * seconds. The former holder may still be at work: the work must be safe to do twice. Every method throws while the
 * database is unavailable.
 */
export interface Lease {
  /** Tries once to take the lease. Returns false while another process has it. */
  take(): Promise<boolean>;
  /**
   * Shows that the holder is alive. A holder calls it every few seconds. Returns false once another process took over.
   */
  beat(): Promise<boolean>;
  /** Gives the lease back. Changes nothing once another process took over. */
  release(): Promise<void>;
}

/** Returns the lease of a name, for one holder: processes that use the same name exclude each other. */
export type CreateLease = (name: string) => Lease;
