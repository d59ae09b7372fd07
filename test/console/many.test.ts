import type { Browser } from "playwright-core";
import { describeInBrowser, openPage, startBrowser } from "../support/browser";
import { type ConsoleService, environmentId, startConsole } from "../support/console-service";
import { closeConsole } from "../support/console-stage";
import { until } from "../support/until";

const organizationId = "large";
const range = (length: number) => Array.from({ length }, (_, index) => String(index).padStart(5, "0"));

describeInBrowser("the console with 400 roles and 10 000 members", () => {
  let service: ConsoleService;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startConsole(), startBrowser()]);
    const { roles, memberships } = service;
    const role = { description: "", permissions: [] };
    for (const number of range(199))
      await roles.createRole({ ...role, environmentId, slug: `role-${number}`, name: `Role ${number}` });
    for (const number of range(200))
      await roles.createRole({ ...role, environmentId, organizationId, slug: `org-${number}`, name: `Own ${number}` });
    const members = range(10_000).map((number) => ({
      organizationId,
      userId: `user_${number}`,
      roleSlugs: ["member"],
    }));
    for (let start = 0; start < members.length; start += 1000)
      await memberships.batchSetMemberRoles({ environmentId, memberships: members.slice(start, start + 1000) });
  });
  afterAll(() => closeConsole(service, browser));

  test("all roles are in the list, which scrolls in frames, and the last is moved to the top", async () => {
    const { page, context } = await openPage(browser, `${service.console}alpha/organizations/${organizationId}/roles`);
    await page.getByText("400 roles").waitFor();
    expect(await page.locator(".role-row").count()).toBe(400);
    // the shares of long frames, not their times: the machine may be slow
    const long = await page.evaluate(`new Promise((resolve) => {
      let frames = 0, slow = 0, last = performance.now();
      const step = (now) => {
        if (now - last > 100) slow += 1;
        last = now;
        window.scrollBy(0, 400);
        if (++frames < 60) requestAnimationFrame(step); else resolve(slow);
      };
      requestAnimationFrame(step);
    })`);
    expect(long).toBeLessThan(20);
    await page.getByRole("button", { name: "Move Own 00199, position 400" }).focus();
    await page.keyboard.press("Space");
    await page.getByText("is picked up, position 400 of 400").waitFor({ state: "attached" });
    await page.keyboard.press("ArrowUp");
    await page.getByText("Own 00199 is at position 399 of 400").waitFor({ state: "attached" });
    await page.keyboard.press("Space");
    await until("the order is saved", async () => {
      const { config } = await service.roles.listOrgRoles({ environmentId, organizationId });
      return config?.priorityOrder[398] === "org-00199" ? true : undefined;
    });
    expect(page.faults).toEqual([]);
    await context.close();
  });

  test("members are paged, there and back, and found by the beginning of their id", async () => {
    const { page, context } = await openPage(
      browser,
      `${service.console}alpha/organizations/${organizationId}/members`,
    );
    await page.getByText("user_00000").waitFor();
    expect(await page.locator(".row").count()).toBe(50);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("user_00050").waitFor();
    await page.getByRole("button", { name: "Previous" }).click();
    await page.getByText("user_00000").waitFor();
    await page.getByLabel("Find members by the beginning of their id").fill("user_0999");
    await page.getByText("user_09990").waitFor();
    expect(await page.locator(".row").count()).toBe(10);
    expect(page.faults).toEqual([]);
    await context.close();
  });
});
