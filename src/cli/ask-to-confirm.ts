import { Fault } from "../domain/fault";

/** Asks on the terminal; throws where nobody can be asked. */
export async function askToConfirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Fault("Nothing was changed: --yes is needed where nobody can be asked.");
  const { confirm } = await import("@clack/prompts");
  return (await confirm({ message: question, initialValue: false })) === true;
}
