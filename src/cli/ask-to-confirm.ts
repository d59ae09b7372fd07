import { Fault } from "../domain/fault";

/** Asks the user to confirm. Throws if there is no terminal. */
export async function askToConfirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new Fault("Nothing was changed: there is no terminal to ask for confirmation; use --yes.");
  const { confirm } = await import("@clack/prompts");
  return (await confirm({ message: question, initialValue: false })) === true;
}
