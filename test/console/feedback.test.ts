import type { Browser, Route } from "playwright-core";
import { type TestPage, describeInBrowser, openPage } from "../support/browser";
import type { ConsoleService } from "../support/console-service";
import { closeConsole, openConsole } from "../support/console-stage";

describeInBrowser("the console beside a server that takes its time", () => {
  let service: ConsoleService;
  let browser: Browser;
  let page: TestPage;
  const held: Route[] = [];

  beforeAll(async () => {
    [service, browser] = await openConsole();
    ({ page } = await openPage(browser, `${service.console}alpha/roles`));
    await page.getByText("What viewers do").waitFor();
  });
  afterAll(() => closeConsole(service, browser));
  beforeEach(() => page.route("**/orgroles.v1.*/*", (route) => void held.push(route)));

  const release = async () => {
    await page.unrouteAll({ behavior: "ignoreErrors" });
    for (const route of held.splice(0)) await route.continue().catch(() => undefined);
  };
  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const dialog = () => page.getByRole("dialog");

  test("a move shows the new order before the server has answered", async () => {
    await page.getByRole("button", { name: /^Move Viewer/ }).focus();
    await page.keyboard.press("Space");
    await page.getByText("Viewer is picked up").waitFor({ state: "attached" });
    await page.keyboard.press("ArrowUp");
    await page.getByText("Viewer is at position 3").waitFor({ state: "attached" });
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Move Viewer, position 3" }).waitFor();
    expect(held.length).toBeGreaterThan(0);
    await release();
    await page.getByText("The order is saved").waitFor({ state: "attached" });
  });

  test("forms open at once, and show that they work until the server has answered", async () => {
    await button("Create role").click();
    await page.getByLabel("Name", { exact: true }).fill("Slow");
    const submit = dialog().getByRole("button", { name: "Create role" });
    await submit.click();
    await page.locator("button[data-loading]").waitFor();
    expect(held.some((route) => route.request().url().endsWith("/CreateRole"))).toBe(true);
    await release();
    await button("Edit Slow").waitFor();
  });

  test("deletions say that their effect is being found out", async () => {
    await button("Delete Slow").click();
    await dialog().getByText("will be deleted for good.").waitFor();
    expect(await dialog().getByRole("button", { name: "Delete role" }).isDisabled()).toBe(true);
    await dialog().locator(".mantine-Skeleton-root").waitFor();
    await release();
    await dialog().getByText("Nobody has this role.").waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "hidden" });
  });

  test.each(["Organizations", "Events"])("the page %s is there before its data", async (name) => {
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { name, exact: true }).waitFor();
    await page.getByRole("status", { name: "Loading" }).first().waitFor();
    await release();
    await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "hidden" });
  });
});
