import { copyFileSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Browser } from "playwright-core";
import { type TestPage, describeInBrowser, faultsOfLayout, openPage, pictures, violationsOn } from "../support/browser";
import type { ConsoleService } from "../support/console-service";
import { closeConsole, openConsole } from "../support/console-stage";
import { until } from "../support/until";
import { ErrorInfo } from "../../gen/google/rpc/error_details";

interface Shown {
  readonly path: string;
  /** A text that is there once the page is complete. */
  readonly complete: string;
  readonly act?: (page: TestPage) => Promise<void>;
}

const button = (page: TestPage, name: string) => page.getByRole("button", { name, exact: true });

/** Answers calls of a method with an error, as the server would. */
async function answer(page: TestPage, method: string, code: string, reason: string, metadata: Record<string, string>) {
  const info = ErrorInfo.encode({ reason, domain: "orgroles", metadata }).finish();
  const details = [{ type: "google.rpc.ErrorInfo", value: Buffer.from(info).toString("base64").replaceAll("=", "") }];
  const body = JSON.stringify({ code, message: reason, details });
  await page.route(`**/orgroles.v1.${method}`, (route) =>
    route.fulfill({ status: 400, contentType: "application/json", body }),
  );
}

const shown: Readonly<Record<string, Shown>> = {
  roles: { path: "alpha/roles", complete: "What viewers do" },
  permissions: { path: "alpha/permissions", complete: "members invite" },
  organizations: { path: "alpha/organizations", complete: "acme" },
  organization: { path: "alpha/organizations/acme/roles", complete: "Auditor" },
  members: { path: "alpha/organizations/acme/members", complete: "dora" },
  groups: { path: "alpha/organizations/acme/groups", complete: "engineering" },
  access: {
    path: "alpha/organizations/acme/access",
    complete: "Check",
    act: async (page) => {
      await page.getByLabel("User id").fill("dora");
      await page.getByLabel("Permission").selectOption("invoices:read");
      await button(page, "Check").click();
      await page.getByText("Not allowed").waitFor();
    },
  },
  user: { path: "alpha/users/ada", complete: "acme" },
  users: { path: "alpha/users", complete: "Show user" },
  events: {
    path: "alpha/events",
    complete: "environment.created",
    act: async (page) => {
      await page.getByText("Live", { exact: true }).waitFor();
      await page.locator(".event-head").nth(6).click();
      await page.locator(".differences").waitFor();
    },
  },
  "create-role": {
    path: "alpha/roles",
    complete: "What viewers do",
    act: async (page) => {
      await button(page, "Create role").click();
      await page.getByLabel("Name", { exact: true }).fill("Billing admin");
      await page.getByLabel("All of invoices").check();
    },
  },
  "delete-role": {
    path: "alpha/roles",
    complete: "What viewers do",
    act: async (page) => {
      await button(page, "Delete Member").click();
      await page.getByLabel("New default role").waitFor();
    },
  },
  "refused-form": {
    path: "alpha/permissions",
    complete: "members invite",
    act: async (page) => {
      await button(page, "Create permission").click();
      await page.getByLabel("Slug").fill("Not a slug");
      await page.getByRole("dialog").getByRole("button", { name: "Create permission" }).click();
      await page.getByText("Some fields need a change").waitFor();
    },
  },
  settings: { path: "alpha/settings", complete: "Escalation guard" },
  "switch-guard": {
    path: "alpha/settings",
    complete: "Escalation guard",
    act: async (page) => {
      await page.getByRole("listitem").filter({ hasText: "Escalation guard" }).getByRole("button").click();
      await page.getByText("Of the environment itself they change nothing.").waitFor();
    },
  },
  "taken-slug": {
    path: "alpha/roles",
    complete: "What viewers do",
    act: async (page) => {
      await button(page, "Create role").click();
      await page.getByLabel("Name", { exact: true }).fill("Second admin");
      await page.getByLabel("Slug").fill("admin");
      await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
      await page.getByText("Another role has this slug").waitFor();
    },
  },
  "gone-permission": {
    path: "alpha/roles",
    complete: "What viewers do",
    act: async (page) => {
      await answer(page, "RoleService/CreateRole", "invalid_argument", "PERMISSION_UNKNOWN", {
        permissions: "invoices:read",
      });
      await button(page, "Create role").click();
      await page.getByLabel("Name", { exact: true }).fill("Reader");
      await page.getByLabel("invoices read").check();
      await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
      await page.getByText("No longer there: invoices:read").waitFor();
    },
  },
  "more-than-you-have": {
    path: "alpha/organizations/acme/members",
    complete: "dora",
    act: async (page) => {
      const permissions = "invoices:approve,invoices:write,members:invite";
      await answer(page, "MembershipService/SetMemberRoles", "permission_denied", "ESCALATION_REFUSED", {
        permissions,
      });
      await button(page, "Add member").click();
      await page.getByLabel("User id").fill("eve");
      await page.getByRole("dialog").getByLabel("Role").selectOption("admin");
      await page.getByRole("dialog").getByRole("button", { name: "Add member" }).click();
      await page.getByText("You lack: ").waitFor();
    },
  },
  "server-failed": {
    path: "alpha/organizations/acme/groups",
    complete: "engineering",
    act: async (page) => {
      await answer(page, "PermissionService/ListPermissions", "internal", "INTERNAL", { request_id: "6f1b3a0e-3c1f" });
      await page.evaluate(
        "history.pushState(null, '', '/console/alpha/permissions'); dispatchEvent(new PopStateEvent('popstate'))",
      );
      await page.getByText("The server failed").waitFor();
    },
  },
  "no-connection": {
    path: "alpha/roles",
    complete: "What viewers do",
    act: async (page) => {
      await page.route("**/orgroles.v1.*/**", (route) => route.abort());
      await button(page, "Create role").click();
      await page.getByLabel("Name", { exact: true }).fill("Patient");
      await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
      await page.getByText("The server cannot be reached", { exact: true }).waitFor();
    },
  },
  "sign-in": {
    path: "alpha/roles",
    complete: "What viewers do",
    act: async (page) => {
      await answer(page, "*/*", "unauthenticated", "CREDENTIALS_MISSING", {});
      await page.reload();
      await page.getByLabel("Token", { exact: true }).waitFor();
    },
  },
  "empty-roles": { path: "beta/roles", complete: "This environment is new" },
  "empty-permissions": { path: "beta/permissions", complete: "No permissions yet" },
  "empty-organizations": { path: "beta/organizations", complete: "No organization has data yet" },
  "empty-members": { path: "beta/organizations/none/members", complete: "No members yet" },
  "empty-groups": { path: "beta/organizations/none/groups", complete: "No group is mapped" },
  "no-environment": { path: "gamma/roles", complete: "The environment does not exist" },
};

/** Also makes the pictures of the docs, and those that are for the eye alone. */
const withPictures = process.env["ORGROLES_TEST_PICTURES"] !== undefined;
const inDocs = new Set(["roles", "organization", "access", "events", "delete-role"]);

const looks = [
  { colorScheme: "light", width: 1440 },
  { colorScheme: "dark", width: 1440 },
  { colorScheme: "light", width: 360 },
  // for the eye alone: nothing else is asserted of it than of those above
  ...(withPictures ? [{ colorScheme: "dark", width: 360 } as const] : []),
] as const;

const layoutShift = `new Promise((resolve) => {
  let sum = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  });
  observer.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 50);
})`;

describeInBrowser("every page of the console", () => {
  let service: ConsoleService;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await openConsole();
  });
  afterAll(() => closeConsole(service, browser));

  describe.each(looks)("in $colorScheme colours, $width wide", ({ colorScheme, width }) => {
    let page: TestPage;
    beforeAll(async () => {
      const viewport = { width, height: width < 500 ? 740 : 900 };
      ({ page } = await openPage(browser, service.console, { colorScheme, viewport, reducedMotion: "reduce" }));
    });
    afterAll(() => page?.context().close());

    test.each(Object.entries(shown))("%s", async (name, { path: address, complete, act }) => {
      page.faults.length = 0;
      await page.unrouteAll({ behavior: "ignoreErrors" });
      await page.goto(service.console + address);
      await page.getByText(complete).first().waitFor();
      expect(await page.evaluate(layoutShift)).toBeLessThan(0.02);
      await act?.(page);
      await until("the layout has no fault", async () => ((await faultsOfLayout(page)).length ? undefined : true), 3);
      if (width > 500) expect(await violationsOn(page)).toEqual([]);
      expect(page.faults).toEqual([]);
      const file = path.join(pictures, `${name}-${colorScheme}-${width}.png`);
      await page.screenshot({ path: file });
      if (withPictures && inDocs.has(name) && colorScheme === "light" && width > 500)
        copyFileSync(file, `docs/console/${name}.png`);
    });

    test("contact sheets", async () => {
      const names = Object.keys(shown);
      for (let start = 0; start < names.length; start += 8) {
        const images = names.slice(start, start + 8).map((name) => {
          const file = path.join(pictures, `${name}-${colorScheme}-${width}.png`);
          return `<img style="width:100%" src="data:image/png;base64,${readFileSync(file).toString("base64")}">`;
        });
        const sheet = await browser.newPage({ viewport: { width: width < 500 ? 1500 : 1800, height: 400 } });
        await sheet.setContent(
          `<body style="margin:12px;background:#888;display:grid;gap:12px;grid-template-columns:repeat(${width < 500 ? 4 : 2},1fr)">${images.join("")}`,
        );
        await sheet.screenshot({
          path: path.join(pictures, `sheet-${colorScheme}-${width}-${start / 8 + 1}.png`),
          fullPage: true,
        });
        await sheet.close();
      }
    });
  });

  test("the page is usable soon: what it shows first does not wait for what it may show later", async () => {
    const { page, context } = await openPage(browser, `${service.console}alpha/roles`);
    await page.getByText("What viewers do").waitFor();
    const loaded = await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)");
    expect((loaded as string[]).filter((name) => /create-role|events|organization-/.test(name))).toEqual([]);
    await context.close();
  });
});
