/** Languages whose clients are tried. TypeScript needs nothing but this package; the others need their toolchains. */
export const languages = ["typescript", ...(process.env["ORGROLES_TEST_CLIENTS"]?.split(",") ?? [])];

/** Those that this run does not try. */
export const untried = ["go", "java", "python"].filter((language) => !languages.includes(language));
