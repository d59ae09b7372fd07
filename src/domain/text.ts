/** Control characters, and halves of surrogate pairs, which no database stores. */
const control = /[\p{Cc}\p{Cs}]/u;
const controlInLines = /[^\P{Cc}\n\t]|\p{Cs}/u;

/** Embeddings, overrides and isolates, which display the text after them in another order. */
const bidirectional = /[\u202a-\u202e\u2066-\u2069]/;

/**
 * A character with a shape of its own: neither a space, nor a mark that needs a letter before it, nor a character that
 * is never displayed itself (joiners, fillers, variation selectors, tags).
 */
const visible = /[^\p{Default_Ignorable_Code_Point}\p{M}\p{Z}\s]/u;

/** Returns whether the text has at most that many characters (code points), at a cost that longer text does not raise. */
const fits = (text: string, length: number) => text.length <= 2 * length && Array.from(text).length <= length;

/** Returns whether the text is a readable name of at most that many characters. */
export const isName = (text: string, length: number): boolean =>
  fits(text, length) && !control.test(text) && !bidirectional.test(text) && visible.test(text);

/** Returns whether the text is lines, perhaps none, of at most that many characters. */
export const isDescription = (text: string, length: number): boolean =>
  fits(text, length) && !controlInLines.test(text) && !bidirectional.test(text);
