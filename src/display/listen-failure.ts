import { Fault } from "../domain/fault";

/** An address that was to be listened on, and the setting that it comes from. */
export interface Listening {
  readonly setting: string;
  readonly host: string;
  readonly port: number;
}

/** Returns an error of one line that names the setting and says why its address cannot be listened on. */
export function listenFailure({ setting, host, port }: Listening, cause: unknown): Fault {
  const message = cause instanceof Error ? cause.message : String(cause);
  const address = `${host}:${port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `another process listens on ${address}: stop it, or choose another port`,
    EADDRNOTAVAIL: `${host} is not an address of this machine`,
    EAFNOSUPPORT: `${host} is not an address of this machine`,
    EINVAL: `${host} is not an address of this machine`,
    EACCES: `this user may not listen on port ${port}: choose a port above 1023`,
    EPERM: `this user may not listen on port ${port}: choose a port above 1023`,
    ENOTFOUND: `the host ${host} cannot be resolved`,
    EAI_AGAIN: `the host ${host} cannot be resolved`,
  };
  // grpc-js passes on no codes, only what was said
  const code = (cause as NodeJS.ErrnoException).code ?? /\bE[A-Z_]{3,}\b/.exec(message)?.[0] ?? unresolved(message);
  const reason = reasons[code ?? ""];
  const text = reason ? `${reason} (${code})` : `${address} cannot be listened on: ${message.split("\n", 1)[0]}`;
  return new Fault(`${setting}: ${text}`);
}

const unresolved = (message: string) => (/resol/i.test(message) ? "ENOTFOUND" : undefined);
