import type { Browser } from "playwright-core";
import { type TestPage, describeInBrowser, openPage } from "../support/browser";
import { type ConsoleService, environmentId } from "../support/console-service";
import { closeConsole, openConsole } from "../support/console-stage";
import { freeze } from "../support/process";
import { until } from "../support/until";

/** Longer than the console waits for a server that says nothing. */
const patience = { timeout: 40_000 };

const submit = (page: TestPage) => page.getByRole("dialog").getByRole("button", { name: "Create role" });
const typeRole = async (page: TestPage, name: string) => {
  await page.getByRole("button", { name: "Create role" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
};
const live = (page: TestPage) => page.getByText("Live", { exact: true }).waitFor(patience);
const requestIds = (page: TestPage) => {
  const ids: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/CreateRole")) ids.push(String(request.postDataJSON().requestId));
  });
  return ids;
};

describeInBrowser("the console and a connection that fails", () => {
  let service: ConsoleService;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await openConsole();
  });
  afterAll(() => closeConsole(service, browser, "SIGKILL"));

  const makeRole = (slug: string) =>
    service.roles.createRole({ environmentId, slug, name: slug, description: "", permissions: [] });
  const expectOne = async (name: string) => {
    const { roles } = await service.roles.listEnvironmentRoles({ environmentId });
    expect(roles.filter((role) => role.name === name)).toHaveLength(1);
  };

  test("a double click sends once, and after a lost answer trying again makes nothing twice", async () => {
    const { page, context } = await openPage(browser, `${service.console}alpha/roles`);
    const ids = requestIds(page);
    await typeRole(page, "Lost answer");
    let answers = 0;
    await page.route("**/orgroles.v1.RoleService/CreateRole", async (route) => {
      if (answers++) return route.continue();
      await route.fetch();
      return route.abort();
    });
    await submit(page).dblclick();
    await page.getByText("The server cannot be reached", { exact: true }).waitFor();
    expect(ids).toHaveLength(1);
    await expectOne("Lost answer");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Edit Lost answer" }).waitFor();
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    await expectOne("Lost answer");
    await context.close();
  });

  test("without a network the page says so, keeps what was typed, and goes on by itself", async () => {
    const { page, context } = await openPage(browser, `${service.console}alpha/roles`);
    await typeRole(page, "Offline");
    await context.setOffline(true);
    await submit(page).click();
    await page.getByText("The server cannot be reached", { exact: true }).waitFor();
    await page.getByText("What you see may be old. Trying again…").waitFor();
    await makeRole("made-meanwhile");
    await context.setOffline(false);
    await page.getByText("What you see may be old. Trying again…").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Edit made-meanwhile", includeHidden: true }).waitFor(patience);
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Offline");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Edit Offline" }).waitFor();
    await expectOne("Offline");
    await context.close();
  });

  test("events go on after the server was started again, without one that is missing or there twice", async () => {
    const { page, context } = await openPage(browser, `${service.console}alpha/events`);
    await live(page);
    await makeRole("before-restart");
    await page.getByRole("button", { name: /role.created before-restart/ }).waitFor();
    await service.end("SIGKILL");
    await page.getByText("Reconnecting…").waitFor(patience);
    service = await service.again();
    await makeRole("after-restart");
    await live(page);
    await page.getByRole("button", { name: /role.created after-restart/ }).waitFor();
    for (const slug of ["before-restart", "after-restart"])
      expect(await page.getByRole("button", { name: `role.created ${slug}` }).count()).toBe(1);
    await context.close();
  });

  test("a server that hangs is said to, in a form and beside live events, and sending again makes nothing twice", async () => {
    const events = await openPage(browser, `${service.console}alpha/events`);
    await live(events.page);
    const { page, context } = await openPage(browser, `${service.console}alpha/roles`);
    const ids = requestIds(page);
    await typeRole(page, "Frozen");
    await until("the slug is there", async () => (await page.getByLabel("Slug").inputValue()) || undefined, 10);
    await freeze(service.pid);
    try {
      await submit(page).click();
      expect(await submit(page).getAttribute("data-loading")).toBe("true");
      await page.getByText("The server does not answer").waitFor(patience);
      await events.page.getByText("Reconnecting…").waitFor(patience);
      await page.getByRole("button", { name: "Try again" }).click();
    } finally {
      process.kill(service.pid, "SIGCONT");
    }
    await page.getByRole("button", { name: "Edit Frozen" }).waitFor(patience);
    await live(events.page);
    await events.page.getByRole("button", { name: /role.created frozen/ }).waitFor(patience);
    expect(await events.page.getByRole("button", { name: /role.created frozen/ }).count()).toBe(1);
    expect(new Set(ids).size).toBe(1);
    await expectOne("Frozen");
    await events.context.close();
    await context.close();
  });
});
