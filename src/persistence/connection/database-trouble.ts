import { Refusal } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import { type Address, type MysqlUrl, describeAddress } from "./database-url";
import { failureOf } from "./driver-errors";
import { explanationOf } from "../../display/database-error-codes";
import { sslModeOf } from "./server-options";
import { TlsFileError } from "./tls-files";
import { UnusableServer } from "./unusable-server";

/** Why the database cannot be used: a sentence for operators, without the password. */
export class DatabaseTrouble extends Fault {
  override readonly explainsItself = true;
  /** The mark of drivers for errors that end a connection. */
  readonly fatal = true;
}

/** An attempt to connect. */
export interface Attempt {
  readonly url: MysqlUrl;
  readonly address: Address;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Whether the connection would have been encrypted. */
  readonly isEncrypted: boolean;
}

interface DriverError {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly message?: unknown;
}

const requireTls = "set ssl-mode=REQUIRED in ORGROLES_DATABASE_URL, or ORGROLES_DATABASE_SSL_MODE=REQUIRED";
const clientFiles = "ssl-cert and ssl-key";

/**
 * Returns the trouble that made an attempt fail, or the connections that came of it. Returns other errors as they are.
 */
export function troubleOf(error: unknown, attempt: Attempt): unknown {
  const cause = error instanceof Refusal ? (error.cause ?? error) : error;
  if (cause instanceof DatabaseTrouble) return cause;
  const isTrouble = failureOf(cause) === "unavailable" || Number(driverErrorOf(cause).errno) in byNumber;
  return isTrouble ? new DatabaseTrouble(explainFailure(cause, attempt), { cause }) : error;
}

/** Returns a sentence that explains the failure and what to do. */
export function explainFailure(error: unknown, attempt: Attempt): string {
  if (error instanceof TlsFileError) return `A file for TLS cannot be used: ${error.message}.`;
  if (error instanceof UnusableServer)
    return `${error.message} (${describeAddress(attempt.address, attempt.url.socket)}).`;
  const cause = driverErrorOf(error);
  const { code, errno, message } = cause;
  const where = describeAddress(attempt.address, attempt.url.socket);
  const say = byNumber[Number(errno)] ?? byCode[String(code)];
  return say
    ? say(where, attempt, String(message))
    : `The connection to ${where} failed: ${explanationOf(cause) ?? (typeof code === "string" ? code : "the driver gives no reason")}.`;
}

const driverErrorOf = (error: unknown) => ((error as { driverError?: unknown }).driverError ?? error) as DriverError;

type Sentence = (where: string, attempt: Attempt, message: string) => string;

/** Sentences for the server's own error numbers. */
const byNumber: Readonly<Record<number, Sentence>> = {
  1040: (where) => `${where} has no connection left (max_connections): close others, or raise the limit.`,
  1044: (where, { url }) =>
    `${where} does not let the user "${url.user}" use the database "${url.database}": grant access, or create the database.`,
  1045: deniedSentence,
  1698: deniedSentence,
  1049: (where, { url }) => `${where} has no database "${url.database}": create it, or correct the name.`,
  1129: (where) => `${where} blocks this machine after many failed connections: run FLUSH HOSTS there.`,
  1130: (where) => `${where} does not let this machine connect: create the user for this machine's address.`,
  1142: lacksPrivilegeSentence,
  1143: lacksPrivilegeSentence,
  1203: tooManySentence,
  1226: tooManySentence,
  1227: lacksPrivilegeSentence,
  3159: (where) => `${where} accepts only TLS: ${requireTls}.`,
  3118: (where, { url }) => `${where} has locked the account of the user "${url.user}": unlock it.`,
  1820: expiredSentence,
  1862: expiredSentence,
  4151: (where, { url }) => `${where} has locked the account of the user "${url.user}": unlock it.`,
};

/** Sentences for codes of the operating system and of mysql2. */
const byCode: Readonly<Record<string, Sentence>> = {
  ECONNREFUSED: (where) => `Nothing accepts connections on ${where}: start the server, or correct the address.`,
  ENOENT: (where) => `There is no socket ${where}: start the server, or correct the path.`,
  EACCES: (where) => `This user may not open ${where}: change its permissions.`,
  ENOTSOCK: (where) => `${where} is not a socket: correct the path.`,
  ENOTFOUND: unresolvedSentence,
  EAI_AGAIN: unresolvedSentence,
  EHOSTUNREACH: unreachableSentence,
  ENETUNREACH: unreachableSentence,
  ETIMEDOUT: silentSentence,
  PROTOCOL_SEQUENCE_TIMEOUT: (where) => `${where} accepts connections, but does not respond to statements.`,
  ECONNRESET: closedSentence,
  EPIPE: closedSentence,
  PROTOCOL_CONNECTION_LOST: closedSentence,
  HANDSHAKE_NO_SSL_SUPPORT: (where, { url }) =>
    `${where} offers no TLS, which ssl-mode=${sslModeOf(url)} needs: configure its certificate, or set ssl-mode=DISABLED where the network is trusted.`,
  HANDSHAKE_SSL_ERROR: tlsSentence,
  AUTH_SWITCH_PLUGIN_ERROR: (where, { url }, message) =>
    `${where} wants the user "${url.user}" to log in in a way that is not supported: change its authentication plugin (${message}).`,
};

function deniedSentence(where: string, attempt: Attempt): string {
  const { user, password } = attempt.url;
  const given = password ? "this password" : "no password";
  return (
    `${where} does not accept the user "${user}" with ${given} from this machine: correct the user, the password or` +
    ` the user's grants.${deniedHint(attempt)}`
  );
}

/** Returns what else a server rejects with these words. */
function deniedHint({ url, isEncrypted }: Attempt): string {
  if (isEncrypted && url.sslCert === undefined) return ` If the user needs a client certificate, set ${clientFiles}.`;
  const isChosen = sslModeOf(url) === "DISABLED" || url.socket !== undefined;
  return !isEncrypted && isChosen ? ` If the user needs TLS, ${requireTls}.` : "";
}

function lacksPrivilegeSentence(where: string, _: Attempt, message: string): string {
  return `${where}: the user lacks a privilege (${message}): grant it, or run \`orgroles migrate\` as a user that has it.`;
}

function tooManySentence(where: string, { url }: Attempt): string {
  return `${where} lets the user "${url.user}" have no more connections: close others, or raise the limit.`;
}

function expiredSentence(where: string, { url }: Attempt): string {
  return `${where} wants a new password for the user "${url.user}": the old one has expired.`;
}

function unresolvedSentence(where: string): string {
  return `The host name of ${where} cannot be resolved: correct it, or the name server.`;
}

function unreachableSentence(where: string): string {
  return `There is no route to ${where}: correct the address, or the network.`;
}

function silentSentence(where: string, { connectTimeout }: Attempt): string {
  return `${where} did not respond in ${connectTimeout} ms: correct the address, or look for a firewall or an overloaded server.`;
}

function closedSentence(where: string): string {
  return `${where} closed the connection: look at the server's log.`;
}

/** Explains an error of TLS by its message, which is all that mysql2 keeps of it. */
function tlsSentence(where: string, _: Attempt, message: string): string {
  const meaning = tlsMeanings.find(([pattern]) => pattern.test(message))?.[1];
  const what = meaning ?? "TLS could not be agreed on: look at the versions and certificates of both sides";
  return `${where}: ${what} (${message.replaceAll(/\s+/g, " ").slice(0, 300)}).`;
}

const tlsMeanings: readonly (readonly [RegExp, string])[] = [
  [
    /altnames|does not match/i,
    "the server's certificate is for another name: use a name that it has, or ssl-mode=VERIFY_CA",
  ],
  [/has expired|not yet valid/i, "the server's certificate is not valid at this time: renew it, or set the clock"],
  [
    /self.signed|unable to (?:verify|get)|issuer|certificate signature failure|untrusted/i,
    "the server's certificate is not trusted: name the file of its authority in ssl-ca",
  ],
  [
    /alert (?:unknown ca|bad certificate|certificate)/i,
    `the server rejects the client's certificate: see ${clientFiles}`,
  ],
];
