import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { Fault } from "../domain/fault";
import { isToken, tokenDigest } from "../auth/authenticator";
import { examples } from "./help";

/** Adds the commands that make and digest tokens. */
export function addTokenCommands(program: Command): void {
  const token = program.command("token").description("tokens for ORGROLES_CREDENTIALS");
  examples(token, ["orgroles token make", "orgroles token hash < token.txt"]);
  const make = token
    .command("make")
    .description("make a token: the token for the caller, its digest for token_sha256")
    .action(() => {
      const made = `orgroles_${randomBytes(32).toString("base64url")}`;
      console.log(`token: ${made}\ntoken_sha256: ${tokenDigest(made).toString("hex")}`);
    });
  examples(make, ["orgroles token make"]);
  const hash = token
    .command("hash")
    .description("read a token from standard input, print its digest for token_sha256")
    .action(async () => {
      const given = (await text(process.stdin)).trim();
      if (!isToken(given)) throw new Fault("A token is one or more of A–Z, a–z, 0–9 and - . _ ~ + / =");
      console.log(tokenDigest(given).toString("hex"));
    });
  examples(hash, ["orgroles token hash < token.txt"]);
}
