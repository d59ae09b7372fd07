/** Characters that cannot be seen, that move what is seen, or that terminals act on; an ordinary space is none. */
const unseen = "(?! )[\\p{C}\\p{Z}\\p{Default_Ignorable_Code_Point}\\u2800]";
const hasUnseen = new RegExp(unseen, "u");
const everyUnseen = new RegExp(`(?!\\n)${unseen}`, "gu");

/** Reports whether a text looks like what it is: no control, bidirectional, zero-width or unassigned characters. */
export const isPrintable = (text: string): boolean => !hasUnseen.test(text);

/** Returns a text for a terminal or a log: characters that cannot be seen are escaped, but for line breaks. */
export function escapeUnseen(text: string): string {
  return text.replace(everyUnseen, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

const longestPath = 255;
const pathCharacters = /^(?:~?\/|\.{1,2}\/)?[\p{L}\p{N}._ @~,-]{1,64}(?:\/[\p{L}\p{N}._ @~,-]{1,64})*\/?$/u;
const isRooted = /^(?:~|\.{1,2})?\//;
const knownEnding = /\.(?:pem|crt|cer|cert|key|p8|ya?ml|json|conf|txt|db|sqlite3?)$/i;

/** Reports whether a value is a path, and not a key, a token or a document that was pasted in the place of one. */
export function looksLikePath(value: string): boolean {
  if (value.length > longestPath || !isPrintable(value) || /[A-Za-z0-9]{40}/.test(value)) return false;
  return pathCharacters.test(value) && (isRooted.test(value) || knownEnding.test(value));
}

/** Returns a path for people, or what stands for a value that is none. */
export const showPath = (value: string): string => (looksLikePath(value) ? value : "a file whose name is not shown");

const fileFaults: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "may not be read by this user",
  EISDIR: "is a folder",
};

/** Returns why the file of a setting or an argument cannot be used. Repeats the value only if it looks like a path. */
export function describeFileFault(value: string, error: unknown): string {
  const fault = fileFaults[String((error as NodeJS.ErrnoException).code)] ?? "cannot be read";
  if (looksLikePath(value)) return `${value} ${fault}`;
  if (/[\r\n]/.test(value)) return "must be the path of a file; its value contains line breaks";
  if (/^\s*-----BEGIN/.test(value)) return "must be the path of a file, not the content of one";
  if (value.length > longestPath)
    return `must be the path of a file; its value is longer than ${longestPath} characters`;
  return `names a file that ${fault}; its value does not look like a path and is not shown`;
}
