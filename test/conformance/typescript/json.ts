export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What came back: an answer, or an error as the cases write it. */
export type Outcome = { readonly answer: Json } | { readonly error: Json };
