import type { Browser, Page } from "playwright-core";
import { startBrowser } from "./browser";
import { type ConsoleService, fillIn, startConsole } from "./console-service";

/** Starts a service with what a small product has, and a browser. */
export async function openConsole(
  settings: Record<string, string> = {},
  token?: string,
): Promise<[ConsoleService, Browser]> {
  const [service, browser] = await Promise.all([startConsole(settings, token), startBrowser()]);
  await fillIn(service);
  return [service, browser];
}

/** Ends what has been started, and deletes the database. */
export async function closeConsole(
  service: ConsoleService | undefined,
  browser: Browser | undefined,
  signal?: NodeJS.Signals,
): Promise<void> {
  await browser?.close();
  await service?.end(signal);
  await service?.database.drop();
}

/** Types a token where the console asks for one. */
export async function signInWith(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}
