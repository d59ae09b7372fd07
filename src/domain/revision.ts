/** The revision of an environment or an organization in the transaction that creates it. */
export const firstRevision = 1;
