import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import { browserPath } from "./browser-path";

/** Tests that need a browser. What is left out is said at the end of the run. */
export const describeInBrowser = browserPath ? describe : describe.skip;

// a busy machine may draw a page too late in one try, and not in each of three
jest.retryTimes(Number(process.env["ORGROLES_TEST_RETRIES"] ?? 2), { logErrorsBeforeRetry: true });

/** Where pictures of pages go. */
export const pictures = path.resolve("dist", "console-pictures");

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface TestPage extends Page {
  /** What the page did that no page of the console may do: errors on the console, and calls of other hosts. */
  readonly faults: string[];
}

/** Starts a browser. The console was built before the tests. */
export async function startBrowser(): Promise<Browser> {
  mkdirSync(pictures, { recursive: true });
  return chromium.launch({ ...(browserPath && { executablePath: browserPath }), args: flags });
}

/** Chrome's own lines for calls that were refused or lost. */
const expected = /^Failed to load resource: /;

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: TestPage; context: BrowserContext }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const faults: string[] = [];
  const page = Object.assign(await context.newPage(), { faults });
  page.setDefaultTimeout(Number(process.env["ORGROLES_TEST_PATIENCE"] ?? 15_000));
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) faults.push(message.text());
  });
  const { host } = new URL(url);
  page.on("request", (request) => {
    if (new URL(request.url()).host !== host) faults.push(`called ${request.url()}`);
  });
  await page.goto(url);
  return { page, context };
}

/** Returns what axe finds on a page as it is now. */
export async function violationsOn(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

/** Returns texts that are cut and have no title, and how far the page scrolls sideways. */
export async function faultsOfLayout(page: Page): Promise<string[]> {
  // runs in the page, which is why it is a text: the tests know no DOM
  return page.evaluate(`(() => {
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    const cut = [...document.querySelectorAll("main *")].filter((element) => {
      const style = getComputedStyle(element);
      return style.overflowX === "hidden" && style.textOverflow === "ellipsis" && element.scrollWidth > element.clientWidth + 1
        && !element.closest("[title]") && !element.querySelector("[title]");
    });
    return [...(wide > 0 ? ["scrolls sideways by " + wide] : []), ...cut.map((element) => "cut: " + element.textContent)];
  })()`);
}
