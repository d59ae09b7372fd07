import type { Browser, Page } from "playwright-core";
import { describeInBrowser, faultsOfLayout, openPage, violationsOn } from "../support/browser";
import { type ConsoleService, acme, credentialSettings, environmentId, tokens } from "../support/console-service";
import { closeConsole, openConsole, signInWith } from "../support/console-stage";
import { until } from "../support/until";

const stored = (page: Page) => page.evaluate("[sessionStorage.length, localStorage.getItem('orgroles-token')]");

describeInBrowser("the console in trouble", () => {
  let service: ConsoleService;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await openConsole(credentialSettings, tokens.admin);
  });
  afterAll(() => closeConsole(service, browser));

  test("a token is asked for, refused with words, kept for the tab alone, and forgotten", async () => {
    const { page, context } = await openPage(browser, service.console);
    await signInWith(page, "not-a-known-token");
    await page.getByText("Your token is not accepted").waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await signInWith(page, tokens.admin);
    await page.getByRole("button", { name: "Edit Viewer" }).waitFor();
    expect(await stored(page)).toEqual([1, null]);
    expect(page.url()).not.toContain(tokens.admin);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token", { exact: true }).waitFor();
    expect(await stored(page)).toEqual([0, null]);
    expect(page.faults).toEqual([]);
    await context.close();
  });

  test("a credential that reads sees everything, and its buttons say why they are off", async () => {
    const { page, context } = await openPage(browser, service.console);
    await signInWith(page, tokens.reader);
    await page.getByText("You can look at everything here.").waitFor();
    const create = page.getByRole("button", { name: "Create role" });
    expect(await create.getAttribute("aria-disabled")).toBe("true");
    expect(await create.getAttribute("title")).toBe("Needs a credential of level write; “reader” has level read");
    await create.click({ force: true });
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.getByRole("button", { name: /^Move / }).count()).toBe(0);
    expect(await violationsOn(page)).toEqual([]);
    await context.close();
  });

  test("a credential of one organization lands there, changes it, and sees nothing else", async () => {
    await service.memberships.setMemberRoles({ environmentId, organizationId: "other", userId: "zoe", roleSlugs: [] });
    const { page, context } = await openPage(browser, service.console);
    await signInWith(page, tokens.customer);
    await page.waitForURL("**/console/alpha/organizations/acme/roles");
    await page.getByRole("button", { name: "Create role" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Helper");
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await page.getByRole("button", { name: "Edit Helper" }).waitFor();
    expect(await page.getByRole("navigation").getByRole("link").allTextContents()).toEqual(["acme", "Events"]);
    await page.goto(`${service.console}alpha/roles`);
    await page.waitForURL("**/console/alpha/organizations/acme/roles");
    await page.goto(`${service.console}alpha/organizations/other/members`);
    await page.getByText("Your credential does not allow this").first().waitFor();
    expect(await page.getByText("zoe").count()).toBe(0);
    expect(page.faults).toEqual([]);
    await context.close();
  });

  test("a token that ends while somebody types is replaced without losing what they typed", async () => {
    const { page, context } = await openPage(browser, service.console);
    await signInWith(page, tokens.admin);
    await page.getByRole("button", { name: "Create role" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Typed before");
    const ended = { authorization: "Bearer ended" };
    const refuse = "**/orgroles.v1.RoleService/CreateRole";
    await page.route(refuse, (route) => route.continue({ headers: { ...route.request().headers(), ...ended } }));
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await page.getByRole("dialog", { name: "Sign in again" }).waitFor();
    await page.unroute(refuse);
    await signInWith(page, tokens.admin);
    await page.getByRole("dialog", { name: "Sign in again" }).waitFor({ state: "hidden" });
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Typed before");
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await page.getByRole("button", { name: "Edit Typed before" }).waitFor();
    await context.close();
  });

  test("a server that goes away and comes back: what is typed stays, and the page goes on by itself", async () => {
    const { page, context } = await openPage(browser, service.console);
    await signInWith(page, tokens.admin);
    await page.getByRole("button", { name: "Create role" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Patient");
    await service.end();
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await page.getByText("The server cannot be reached", { exact: true }).waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Patient");
    service = await service.again();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Edit Patient" }).waitFor();
    const { roles } = await service.roles.listEnvironmentRoles({ environmentId });
    expect(roles.filter(({ name }) => name === "Patient")).toHaveLength(1);
    await context.close();
  });

  test("hostile names are text, keep their direction to themselves, and break nothing", async () => {
    const names = {
      markup: "<img src=x onerror=alert(1)>",
      rtl: "مدير الفواتير",
      emoji: "🦊".repeat(48),
      shell: "'; rm -rf ~; '",
    };
    for (const [slug, name] of Object.entries(names))
      await service.roles.createRole({ ...acme, slug: `org-${slug}`, name, description: name, permissions: [] });
    const { page, context } = await openPage(browser, service.console);
    await signInWith(page, tokens.admin);
    await page.getByRole("button", { name: "Edit Viewer" }).waitFor();
    await page.goto(`${service.console}alpha/organizations/acme/roles`);
    for (const name of Object.values(names)) await page.locator(".row-name", { hasText: name }).waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    await until(
      "nothing is wider than the page",
      async () => ((await faultsOfLayout(page)).length ? undefined : true),
      10,
    );
    expect(await violationsOn(page)).toEqual([]);
    expect(page.faults).toEqual([]);
    await context.close();
  });
});
