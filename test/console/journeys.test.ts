import type { Browser, BrowserContext } from "playwright-core";
import { type TestPage, describeInBrowser, openPage, violationsOn } from "../support/browser";
import { type ConsoleService, acme, environmentId } from "../support/console-service";
import { closeConsole, openConsole } from "../support/console-stage";
import type { Role } from "../../gen/orgroles/v1/role";
import { until } from "../support/until";

describeInBrowser("the console, by mouse and by keyboard", () => {
  let service: ConsoleService;
  let browser: Browser;
  let page: TestPage;
  let context: BrowserContext;

  beforeAll(async () => {
    [service, browser] = await openConsole();
    ({ page, context } = await openPage(browser, service.console));
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  });
  afterAll(() => closeConsole(service, browser));
  afterEach(() => expect(page.faults).toEqual([]));

  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const dialog = () => page.getByRole("dialog");
  const order = async () => (await service.roles.listEnvironmentRoles({ environmentId })).config?.priorityOrder;
  const shown = () => page.locator(".role-row .row-name").allTextContents();
  const go = (path: string) => page.goto(service.console + path);
  const gone = () => dialog().waitFor({ state: "hidden" });
  const ordered = (...slugs: string[]) =>
    until(`the order ${slugs.join()}`, async () => ((await order())?.join() === slugs.join() ? true : undefined), 10);

  test("an address without a page leads to the roles of the first environment, and the switcher to others", async () => {
    await page.waitForURL("**/console/alpha/roles");
    await page.getByLabel("Environment", { exact: true }).selectOption("beta");
    await page.waitForURL("**/console/beta/roles");
    await page.getByText("This environment is new").waitFor();
    await page.getByLabel("Environment", { exact: true }).selectOption("alpha");
    await button("Edit Viewer").waitFor();
  });

  test("roles are reordered by keyboard, with words for those who do not see it", async () => {
    await page.getByRole("button", { name: "Move Viewer, position 4" }).focus();
    await page.keyboard.press("Space");
    await page.getByText("Viewer is picked up, position 4 of 4").waitFor({ state: "attached" });
    await page.keyboard.press("ArrowUp");
    await page.getByText("Viewer is at position 3 of 4").waitFor({ state: "attached" });
    await page.keyboard.press("Space");
    await ordered("member", "admin", "viewer", "editor");
    expect(await shown()).toEqual(["Member", "Admin", "Viewer", "Editor"]);
    await page.getByText("The order is saved").waitFor({ state: "attached" });
  });

  test("roles are reordered by mouse", async () => {
    const from = await page.getByRole("button", { name: /^Move Viewer/ }).boundingBox();
    const to = await page.getByRole("button", { name: /^Move Member/ }).boundingBox();
    await page.mouse.move((from?.x ?? 0) + 8, (from?.y ?? 0) + 8);
    await page.mouse.down();
    await page.mouse.move((to?.x ?? 0) + 8, (to?.y ?? 0) + 20, { steps: 8 });
    await page.mouse.move((to?.x ?? 0) + 8, (to?.y ?? 0) + 2, { steps: 3 });
    await page.mouse.up();
    await ordered("viewer", "member", "admin", "editor");
  });

  test("a second client's change in between is shown, and the move can be made again", async () => {
    await service.roles.createRole({ environmentId, slug: "guest", name: "Guest", description: "", permissions: [] });
    await page.getByRole("button", { name: /^Move Editor/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("Editor is picked up").waitFor({ state: "attached" });
    await page.keyboard.press("ArrowUp");
    await page.getByText("Editor is at position 3").waitFor({ state: "attached" });
    await page.keyboard.press("Enter");
    await page.getByText(/Somebody else changed this meanwhile|The list of roles has changed/).waitFor();
    await page.getByText("New: guest.").waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await button("Move it again").click();
    await ordered("viewer", "member", "editor", "admin", "guest");
    await page.getByText("New: guest.").waitFor({ state: "hidden" });
  });

  test("a role is created: the slug follows the name, violations are at the fields, nothing typed is lost", async () => {
    await button("Create role").click();
    await page.getByLabel("Name", { exact: true }).fill("Billing Admin");
    await expectValue("Slug", "billing-admin");
    await page.getByLabel("Slug").fill("Not A Slug");
    await page.getByLabel("Name", { exact: true }).fill("x".repeat(60));
    await page.getByLabel("Description").fill("Typed once");
    await page.getByLabel("All of invoices").check();
    await dialog().getByRole("button", { name: "Create role" }).click();
    await page.getByText("Some fields need a change").waitFor();
    for (const field of ["Name", "Slug"])
      expect(await page.getByLabel(field, { exact: true }).getAttribute("aria-invalid")).toBe("true");
    expect(await violationsOn(page)).toEqual([]);
    await expectValue("Description", "Typed once");
    await page.getByLabel("Name", { exact: true }).fill("Billing Admin");
    await expectValue("Slug", "Not A Slug");
    await page.getByLabel("Slug").fill("billing");
    await dialog().getByRole("button", { name: "Create role" }).click();
    await gone();
    const { role } = await service.roles.getRole({ environmentId, slug: "billing" });
    expect(role).toMatchObject({ name: "Billing Admin", description: "Typed once" });
    expect(role?.permissions).toEqual(["invoices:approve", "invoices:read", "invoices:write"]);
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Create role");
  });

  test("what another client changed in a role is shown beside one's own, and both are kept", async () => {
    await button("Edit Billing Admin").click();
    await page.getByLabel("Description").fill("Mine");
    await service.roles.addRolePermissions({ environmentId, slug: "billing", permissions: ["projects:read"] });
    await dialog().getByRole("button", { name: "Save" }).click();
    await page.getByText("Somebody else changed this meanwhile").waitFor();
    await page.getByText("Permissions added: projects:read.").waitFor();
    await page.getByRole("button", { name: "Take over their changes, keep mine" }).click();
    await dialog().getByRole("button", { name: "Save" }).click();
    await gone();
    const { role } = await service.roles.getRole({ environmentId, slug: "billing" });
    expect(role).toMatchObject({ description: "Mine" });
    expect(role?.permissions).toContain("projects:read");
  });

  test("a default role is deleted only with a new default, whose effect is shown before", async () => {
    await button("Make Billing Admin the default").click();
    await dialog().getByRole("button", { name: "Make default" }).click();
    await gone();
    await button("Delete Billing Admin").click();
    await page.getByText("This is the default role of the environment. Choose the new default").waitFor();
    expect(await dialog().getByRole("button", { name: "Delete role" }).isDisabled()).toBe(true);
    await page.getByLabel("New default role").selectOption("member");
    await dialog().getByRole("button", { name: "Delete role" }).click();
    await gone();
    const { config } = await service.roles.listEnvironmentRoles({ environmentId });
    expect(config?.defaultRoleSlug).toBe("member");
    expect(config?.priorityOrder).not.toContain("billing");
  });

  test("an action can be copied as the call that it makes", async () => {
    await button("Copy as grpcurl").click();
    const copied = await page.evaluate("navigator.clipboard.readText()");
    expect(copied).toContain("orgroles.v1.RoleService/SetPriority");
    expect(copied).toContain('"slugs":["viewer","member","editor","admin","guest"]');
  });

  test("permissions are created, found, and deleted with the number of roles that have them", async () => {
    await page.getByRole("link", { name: "Permissions" }).click();
    await button("Create permission").click();
    await page.getByLabel("Slug").fill("reports:read");
    await page.getByLabel("Name", { exact: true }).fill("See reports");
    await dialog().getByRole("button", { name: "Create permission" }).click();
    await gone();
    await page.getByLabel("Search permissions").fill("invoices:read");
    await page.getByText("1 of 6 permissions").waitFor();
    await button("Delete invoices read").click();
    await page.getByText("4 roles lose it, in the environment and its organizations.").waitFor();
    await page.keyboard.press("Escape");
    await gone();
  });

  test("an organization's roles: inherited and own, and a slug of the server when it is cleared", async () => {
    await page.getByRole("link", { name: "Organizations" }).click();
    await page.getByRole("link", { name: "acme" }).click();
    await page.getByText("Custom", { exact: true }).waitFor();
    await button("Create role").click();
    await page.getByLabel("Name", { exact: true }).fill("Auditor");
    await expectValue("Slug", "org-auditor-2");
    await page.getByLabel("Slug").fill("");
    await dialog().getByRole("button", { name: "Create role" }).click();
    await gone();
    const { roles } = await service.roles.listOrgRoles(acme);
    expect(roles.map(({ slug }) => slug)).toContainEqual(expect.stringMatching(/^auditor-[0-9a-z]{6}$/));
  });

  test("members are added, filtered and removed, and a question about access is answered", async () => {
    await page.getByRole("tab", { name: /Members/ }).click();
    await button("Add member").click();
    await page.getByLabel("User id", { exact: true }).fill("eve");
    await dialog().getByLabel("Role").selectOption("editor");
    await dialog().getByRole("button", { name: "Add member" }).click();
    await gone();
    await page.locator(".list-filter select").selectOption("editor");
    await button("Remove dora").waitFor({ state: "hidden" });
    await button("Remove eve").click();
    await dialog().getByRole("button", { name: "Remove member" }).click();
    await gone();
    await until("eve is gone", async () => ((await button("Remove eve").count()) ? undefined : true), 10);
    await page.getByRole("tab", { name: "Access" }).click();
    await page.getByLabel("User id").fill("dora");
    await page.getByLabel("Permission").selectOption("invoices:approve");
    await page.keyboard.press("Enter");
    await button("Check").click();
    await page.getByText("Not allowed").waitFor();
    await page.getByText("What would help: the role Admin.").waitFor();
  });

  test("all memberships of a user are shown and ended", async () => {
    await go("alpha/users");
    await page.getByLabel("User id").fill("ben");
    await page.keyboard.press("Enter");
    await page.getByText("Member of 1 organization.").waitFor();
    await button("End all memberships").click();
    await dialog().getByRole("button", { name: "End all memberships" }).click();
    await page.getByText("Member of no organization").waitFor();
  });

  test("events appear as they happen, with what they changed", async () => {
    await go("alpha/events");
    await page.getByText("Live", { exact: true }).waitFor();
    await service.roles.updateRole({
      environmentId,
      slug: "guest",
      role: { ...(await service.roles.getRole({ environmentId, slug: "guest" })).role, name: "Visitor" } as Role,
      updateMask: ["name"],
    });
    await page.getByRole("button", { name: /role.updated guest/ }).click();
    await page.getByText("Visitor", { exact: true }).waitFor();
    expect(await page.locator(".difference del").first().textContent()).toBe("Guest");
  });

  async function expectValue(label: string, value: string): Promise<void> {
    const field = page.getByLabel(label, { exact: true });
    await until(`${label} is ${value}`, async () => ((await field.inputValue()) === value ? true : undefined), 10);
  }
});
