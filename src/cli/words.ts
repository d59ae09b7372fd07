const numbers = new Intl.NumberFormat("en");

/** Returns a number with its noun: `1 row`, `1,204 rows`. */
export const formatCount = (count: number, noun: string): string =>
  `${numbers.format(count)} ${noun}${count === 1 ? "" : "s"}`;
