import { once } from "node:events";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { describeInBrowser } from "../support/browser";
import type { ConsoleService } from "../support/console-service";
import { closeConsole, openConsole } from "../support/console-stage";
import { until } from "../support/until";

describeInBrowser("the console in a frame", () => {
  let product: Server;
  let service: ConsoleService;
  let browser: Browser;
  let port: number;

  beforeAll(async () => {
    product = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(
        `<!doctype html><title>Product</title><iframe src="${service.console}alpha/organizations/acme" width="900" height="700"></iframe>`,
      );
    });
    product.listen(0, "127.0.0.1");
    await once(product, "listening");
    ({ port } = product.address() as AddressInfo);
    const settings = { ORGROLES_CONSOLE_FRAME_ANCESTORS: `http://127.0.0.1:${port}` };
    [service, browser] = await openConsole(settings);
  });
  afterAll(async () => {
    await closeConsole(service, browser);
    product?.close();
  });

  test("it works in pages of the origins that are named, and in no others", async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    const frame = page.frameLocator("iframe");
    await frame.getByRole("button", { name: "Edit Auditor" }).click();
    await frame.getByLabel("Name", { exact: true }).fill("Examiner");
    await frame.getByRole("button", { name: "Save" }).click();
    await frame.getByRole("button", { name: "Edit Examiner" }).waitFor();
    const refusals: string[] = [];
    page.on("console", (message) => refusals.push(message.text()));
    await page.goto(`http://localhost:${port}/`);
    await until(
      "the frame is refused",
      async () => refusals.some((text) => text.includes("frame-ancestors")) || undefined,
    );
    await page.close();
  });
});
