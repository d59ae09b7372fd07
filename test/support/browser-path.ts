import { existsSync } from "node:fs";

/** Debian's chromium, and where others put theirs. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser that the tests of the console run in, undefined if there is none or ORGROLES_TEST_BROWSER=off. */
export const browserPath =
  process.env["ORGROLES_TEST_BROWSER"] === "off"
    ? undefined
    : [process.env["ORGROLES_TEST_CHROMIUM"] ?? "", ...places].find((place) => existsSync(place));
