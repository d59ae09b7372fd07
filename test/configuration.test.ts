import { readFileSync } from "node:fs";
import { blocksOf } from "./support/pages";
import { startProcess } from "./support/process";
import { settingsPage, settingsTable, tableOf } from "./support/settings-table";

const page = readFileSync(settingsPage, "utf8");

test("the table of the configuration is the one that the settings make", () => {
  expect(tableOf(page)).toBe(settingsTable.replaceAll(/ +/g, " "));
});

test("the database in memory that the page names serves an environment dev", async () => {
  const command = blocksOf(page).find(({ text }) => text.includes(":memory:"))?.text ?? "";
  expect(command).toMatch(/ npm start\n$/);
  const settings = [...command.matchAll(/(ORGROLES_\w+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]);
  const service = await startProcess(Object.fromEntries(settings) as Record<string, string>);
  try {
    const { role } = await service.roles.getRole({ environmentId: "dev", slug: "member" });
    expect(role?.isDefault).toBe(true);
  } finally {
    await service.end();
  }
});
