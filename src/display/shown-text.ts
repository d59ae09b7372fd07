/** Invisible characters, characters that move others, and control characters of terminals, except a plain space. */
const unseen = "(?! )[\\p{C}\\p{Z}\\p{Default_Ignorable_Code_Point}\\u2800]";
const hasUnseen = new RegExp(unseen, "u");
const everyUnseen = new RegExp(`(?!\\n)${unseen}`, "gu");

/** Reports whether a text has no control, bidirectional, zero-width or unassigned characters. */
export const isPrintable = (text: string): boolean => !hasUnseen.test(text);

/** Escapes invisible characters except line breaks, for a terminal or a log. */
export function escapeUnseen(text: string): string {
  return text.replace(everyUnseen, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

const longestPath = 255;
const pathCharacters = /^(?:~?\/|\.{1,2}\/)?[\p{L}\p{N}._ @~,-]{1,64}(?:\/[\p{L}\p{N}._ @~,-]{1,64})*\/?$/u;
const isRooted = /^(?:~|\.{1,2})?\//;
const knownEnding = /\.(?:pem|crt|cer|cert|key|p8|ya?ml|json|conf|txt|db|sqlite3?)$/i;

/** Reports whether a value looks like a path, and not like a pasted key, token or document. */
export function looksLikePath(value: string): boolean {
  if (value.length > longestPath || !isPrintable(value) || /[A-Za-z0-9]{40}/.test(value)) return false;
  return pathCharacters.test(value) && (isRooted.test(value) || knownEnding.test(value));
}

/** Returns a path for people, or a placeholder if the value does not look like a path. */
export const showPath = (value: string): string => (looksLikePath(value) ? value : "a file whose name is not shown");

const fileFaults: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "is not readable by this user",
  EISDIR: "is a folder",
};

/** Returns why the file of a setting or an argument is unusable. Contains the value only if it looks like a path. */
export function describeFileFault(value: string, error: unknown): string {
  const fault = fileFaults[String((error as NodeJS.ErrnoException).code)] ?? "cannot be read";
  if (looksLikePath(value)) return `${value} ${fault}`;
  if (/[\r\n]/.test(value)) return "must be the path of a file; its value contains line breaks";
  if (/^\s*-----BEGIN/.test(value)) return "must be the path of a file, not its content";
  if (value.length > longestPath)
    return `must be the path of a file; its value is longer than ${longestPath} characters`;
  return `names a file that ${fault}; its value does not look like a path and is not shown`;
}
