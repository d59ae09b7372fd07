import type { Browser, BrowserContext } from "playwright-core";
import { type TestPage, describeInBrowser, openPage, violationsOn } from "../support/browser";
import { type ConsoleService, credentialSettings, environmentId, tokens } from "../support/console-service";
import { closeConsole, openConsole } from "../support/console-stage";
import { audience } from "../support/issuer";
import { type SignInIssuer, clientId, startSignInIssuer } from "../support/sign-in-issuer";

describeInBrowser("the console with an OpenID Connect issuer", () => {
  let issuer: SignInIssuer;
  let service: ConsoleService;
  let browser: Browser;
  let context: BrowserContext;
  let page: TestPage;

  beforeAll(async () => {
    issuer = await startSignInIssuer();
    const settings = {
      ...credentialSettings,
      ORGROLES_JWT_ISSUER: issuer.url,
      ORGROLES_JWT_AUDIENCE: audience,
      ORGROLES_CONSOLE_CLIENT_ID: clientId,
    };
    [service, browser] = await openConsole(settings, tokens.admin);
  });
  afterAll(async () => {
    await closeConsole(service, browser);
    await issuer?.stop();
  });
  beforeEach(async () => {
    issuer.behaviour = {};
    issuer.grants.length = 0;
    ({ page, context } = await openPage(browser, `${service.console}alpha/permissions`));
  });
  afterEach(async () => {
    const { host } = new URL(issuer.url);
    expect(page.faults.filter((fault) => !fault.startsWith("called ") || !fault.includes(host))).toEqual([]);
    await context.close();
  });

  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const atIssuer = () => page.getByText("Sign in as Ann");
  const signIn = async () => {
    await button(/^Continue with 127/).click();
    await atIssuer().click();
  };

  test("people sign in there, come back to the page that they wanted, and the code is in no address", async () => {
    await page.getByText("With your account.").waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await signIn();
    await page.getByText("members invite").waitFor();
    expect(page.url()).toBe(`${service.console}alpha/permissions`);
    expect(await page.evaluate("[Object.keys(sessionStorage), localStorage.length]")).toEqual([["orgroles-token"], 0]);
    expect(issuer.grants).toEqual(["authorization_code"]);
    await page.goBack(); // to the page of the issuer, because the address with the code is forgotten
    await page.waitForURL(`${issuer.url}/authorize**`);
  });

  test("answers that are not right are refused with words, and signing in again is one click away", async () => {
    const cases = [
      [{ state: "of-somebody-else" }, "This answer belongs to no sign-in that began in this tab."],
      [{ nonce: "of-somebody-else" }, "The answer of the issuer is not valid."],
      [{ error: "access_denied" }, "The issuer refused it: access_denied."],
    ] as const;
    for (const [behaviour, words] of cases) {
      issuer.behaviour = behaviour;
      await signIn();
      await page.getByText(words).waitFor();
      expect(new URL(page.url()).search).toBe("");
      expect(await page.evaluate("sessionStorage.length")).toBe(0);
    }
    expect(await violationsOn(page)).toEqual([]);
    issuer.behaviour = {};
    await signIn();
    await page.getByText("members invite").waitFor();
  });

  test("a link with a code that somebody else has made signs nobody in", async () => {
    await page.goto(`${service.console}?code=foreign&state=foreign`);
    await page.getByText("This answer belongs to no sign-in that began in this tab.").waitFor();
    expect(page.url()).toBe(service.console);
    expect(issuer.grants).toEqual([]);
  });

  test("a token is renewed before its end, and when the server no longer accepts it", async () => {
    issuer.behaviour = { lasts: 1 };
    await signIn();
    await page.getByText("members invite").waitFor();
    issuer.behaviour = {};
    await page.getByRole("link", { name: "Roles", exact: true }).click();
    await button("Create role").click();
    await page.getByLabel("Name", { exact: true }).fill("Renewed");
    const before = issuer.grants.length;
    expect(issuer.grants).toContain("refresh_token");
    let refused = 0;
    await page.route("**/orgroles.v1.RoleService/CreateRole", (route) => {
      const ended = refused++ ? {} : { authorization: "Bearer ended" };
      return route.continue({ headers: { ...route.request().headers(), ...ended } });
    });
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await button("Edit Renewed").waitFor();
    expect(refused).toBe(2);
    expect(issuer.grants.length).toBeGreaterThan(before);
    const { roles } = await service.roles.listEnvironmentRoles({ environmentId });
    expect(roles.filter(({ name }) => name === "Renewed")).toHaveLength(1);
  });

  test("a sign-in that cannot be renewed is made again in another tab, and nothing that was typed is lost", async () => {
    await signIn();
    await page.getByText("members invite").waitFor();
    await page.getByRole("link", { name: "Roles", exact: true }).click();
    await button("Create role").click();
    await page.getByLabel("Name", { exact: true }).fill("Typed before");
    issuer.behaviour = { refusesRenewal: true };
    const refuse = "**/orgroles.v1.RoleService/CreateRole";
    const ended = { authorization: "Bearer ended" };
    await page.route(refuse, (route) => route.continue({ headers: { ...route.request().headers(), ...ended } }));
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await page.getByRole("dialog", { name: "Sign in again" }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await page.unroute(refuse);
    const opened = context.waitForEvent("page");
    await page.getByRole("link", { name: /^Continue with/ }).click();
    const other = await opened;
    await other.getByText("Sign in as Ann").click();
    await page.getByRole("dialog", { name: "Sign in again" }).waitFor({ state: "hidden" });
    if (!other.isClosed()) expect(new URL(other.url()).search).toBe("");
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Typed before");
    await page.getByRole("dialog").getByRole("button", { name: "Create role" }).click();
    await button("Edit Typed before").waitFor();
  });

  test("signing out forgets the token here, revokes it there, and names no token in an address", async () => {
    await signIn();
    await page.getByText("members invite").waitFor();
    await button("Sign out").click();
    await button(/^Continue with 127/).waitFor();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
    expect(issuer.revoked).toEqual(["refresh-1"]);
    const [end] = issuer.signedOut;
    expect(Object.fromEntries(end?.searchParams ?? [])).toEqual({
      client_id: clientId,
      post_logout_redirect_uri: service.console,
    });
  });

  test("an issuer that cannot be reached is said, and a token still signs in", async () => {
    await page.route(`${issuer.url}/**`, (route) => route.abort());
    await button(/^Continue with 127/).click();
    await page.getByText("The issuer cannot be reached from this page.").waitFor();
    await button("Use a token instead").click();
    await page.getByLabel("Token", { exact: true }).fill(tokens.reader);
    await button("Sign in").click();
    await page.getByText("You can look at everything here.").waitFor();
  });
});
