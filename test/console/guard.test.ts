import type { Browser } from "playwright-core";
import { describeInBrowser, openPage, violationsOn } from "../support/browser";
import { type ConsoleService, acme, credentialSettings, environmentId, tokens } from "../support/console-service";
import { closeConsole, openConsole, signInWith } from "../support/console-stage";

describeInBrowser("the settings of an environment and its escalation guard in the console", () => {
  let service: ConsoleService;
  let browser: Browser;

  beforeAll(async () => {
    // ben is an editor of acme: invoices:read and invoices:write
    [service, browser] = await openConsole(credentialSettings, tokens.admin);
  });
  afterAll(() => closeConsole(service, browser));

  const environment = async (id = environmentId) =>
    (await service.environments.getEnvironment({ environmentId: id })).environment;

  test("settings are changed one by one, and an environment is deleted only after its id was typed", async () => {
    const { page, context } = await openPage(browser, `${service.console}alpha/settings`);
    const dialog = page.getByRole("dialog");
    await signInWith(page, tokens.admin);
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByLabel("Name", { exact: true }).fill("");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("Some fields need a change").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).getAttribute("aria-invalid")).toBe("true");
    await page.getByLabel("Name", { exact: true }).fill("Production");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "hidden" });
    const guard = page.getByRole("listitem").filter({ hasText: "Escalation guard" });
    await guard.getByRole("button", { name: "Switch on" }).click();
    await page.getByText("Of the environment itself they change nothing.").waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Switch on" }).click();
    await guard.getByText("On", { exact: true }).waitFor();
    expect(await environment()).toMatchObject({
      displayName: "Production",
      escalationGuardEnabled: true,
      multipleRolesEnabled: false,
    });
    expect(await environment("beta")).toMatchObject({ escalationGuardEnabled: false });
    await page.goto(`${service.console}beta/settings`);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("No organization has data here.").waitFor();
    const remove = dialog.getByRole("button", { name: "Delete environment" });
    expect(await remove.isDisabled()).toBe(true);
    await page.getByLabel("Type beta to confirm").fill("beta");
    await remove.click();
    await page.waitForURL("**/console/alpha/roles");
    await expect(environment("beta")).rejects.toThrow("beta");
    expect(page.faults).toEqual([]);
    await context.close();
  });

  test("a person whose credential is bound is told whom they act as, and what they lack, at the field", async () => {
    const { page, context } = await openPage(browser, service.console);
    const dialog = page.getByRole("dialog");
    await signInWith(page, tokens.bound);
    await page.getByText("You act as ben").waitFor();
    await page.getByText("acts as ben, write").waitFor();
    await page.getByRole("button", { name: "Create role" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Helper");
    await page.getByLabel("All of invoices").check();
    await dialog.getByRole("button", { name: "Create role" }).click();
    await page.getByText("You cannot give more than you have").waitFor();
    await page.getByText("You lack: invoices:approve").waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await page.getByLabel("invoices approve").uncheck();
    await dialog.getByRole("button", { name: "Create role" }).click();
    await page.getByRole("button", { name: "Edit Helper" }).waitFor();
    const { role } = await service.roles.getRole({ ...acme, slug: "org-helper" });
    expect(role?.permissions).toEqual(["invoices:read", "invoices:write"]);
    await page.getByRole("tab", { name: /Members/ }).click();
    await page.getByRole("button", { name: "Add member" }).click();
    await page.getByLabel("User id", { exact: true }).fill("eve");
    await dialog.getByLabel("Role").selectOption("admin");
    await dialog.getByRole("button", { name: "Add member" }).click();
    await dialog.getByText(/^You lack: .*members:invite/).waitFor();
    expect(await dialog.getByLabel("Role").getAttribute("aria-invalid")).toBe("true");
    await dialog.getByLabel("Role").selectOption("viewer");
    await dialog.getByRole("button", { name: "Add member" }).click();
    await page.getByRole("button", { name: "Remove eve" }).waitFor();
    const { events } = await service.events.listEvents({ ...acme, types: [], newestFirst: true });
    expect(events[0]).toMatchObject({ type: "membership.created", actor: "bound", actingUserId: "ben" });
    expect(page.faults).toEqual([]);
    await context.close();
  });
});
