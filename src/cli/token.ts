import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { Fault } from "../domain/fault";
import { isToken, tokenDigest } from "../auth/authenticator";
import { addExamples } from "./help";

/** Adds the commands that make and hash tokens. */
export function addTokenCommands(program: Command): void {
  const token = program.command("token").description("make or hash tokens for ORGROLES_CREDENTIALS");
  addExamples(token, ["orgroles token make", "orgroles token hash < token.txt"]);
  const make = token
    .command("make")
    .description("print a new token for the caller, and its digest for token_sha256")
    .action(() => {
      const newToken = `orgroles_${randomBytes(32).toString("base64url")}`;
      console.log(`token: ${newToken}\ntoken_sha256: ${tokenDigest(newToken).toString("hex")}`);
    });
  addExamples(make, ["orgroles token make"]);
  const hash = token
    .command("hash")
    .description("read a token from standard input and print its digest for token_sha256")
    .action(async () => {
      const given = (await text(process.stdin)).trim();
      if (!isToken(given)) throw new Fault("A token must consist of A–Z, a–z, 0–9 and - . _ ~ + / =");
      console.log(tokenDigest(given).toString("hex"));
    });
  addExamples(hash, ["orgroles token hash < token.txt"]);
}
