import { writeFileSync } from "node:fs";
import { Source } from "../../src/cli/blueprints/source";
import { temporaryFolder } from "../support/temporary";

const { fileOf, newName } = temporaryFolder();
const textOf = async (chunks: AsyncIterable<Buffer>) => {
  let text = "";
  for await (const chunk of chunks) text += chunk.toString();
  return text;
};

test("a file that changes after it was read is read again as it was", async () => {
  const file = fileOf("environment: before\n");
  const source = new Source(file);
  expect(await textOf(source.read({ keep: true }))).toBe("environment: before\n");
  writeFileSync(file, "environment: after\n");
  expect(await textOf(source.readAgain())).toBe("environment: before\n");
  await source.close();
});

test("a file is not copied where nobody reads it again", async () => {
  const source = new Source(fileOf("a"));
  expect(await textOf(source.read({ keep: false }))).toBe("a");
  expect(() => source.readAgain()).toThrow("the first reading was not kept");
  await source.close();
});

test("a file that is not there is named", async () => {
  const file = newName("yaml");
  const source = new Source(file);
  await expect(textOf(source.read({ keep: true }))).rejects.toThrow(`Blueprint file: ${file} does not exist`);
  await source.close();
});
