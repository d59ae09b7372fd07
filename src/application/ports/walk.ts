/** A part of a list to read: up to `limit` items beyond one, in ascending order or backwards. */
export interface Walk<Cursor> {
  readonly beyond: Cursor | undefined;
  readonly isBackwards: boolean;
  readonly limit: number;
}
