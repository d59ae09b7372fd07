import { Fault } from "../domain/fault";

/** An address to listen on, and its setting. */
export interface Listening {
  readonly setting: string;
  readonly host: string;
  readonly port: number;
}

/** Returns a Fault that names the setting and says why the process cannot listen on its address. */
export function listenFailure({ setting, host, port }: Listening, cause: unknown): Fault {
  const message = cause instanceof Error ? cause.message : String(cause);
  const address = `${host}:${port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `another process listens on ${address}; stop it, or choose another port`,
    EADDRNOTAVAIL: `${host} does not belong to this machine`,
    EAFNOSUPPORT: `${host} does not belong to this machine`,
    EINVAL: `${host} does not belong to this machine`,
    EACCES: `this user may not listen on port ${port}; choose a port above 1023`,
    EPERM: `this user may not listen on port ${port}; choose a port above 1023`,
    ENOTFOUND: `the host ${host} cannot be resolved`,
    EAI_AGAIN: `the host ${host} cannot be resolved`,
  };
  // the errors of grpc-js have no code, only a message
  const code = (cause as NodeJS.ErrnoException).code ?? /\bE[A-Z_]{3,}\b/.exec(message)?.[0] ?? unresolved(message);
  const reason = reasons[code ?? ""];
  const text = reason ? `${reason} (${code})` : `cannot listen on ${address}: ${message.split("\n", 1)[0]}`;
  return new Fault(`${setting}: ${text}`);
}

const unresolved = (message: string) => (/resol/i.test(message) ? "ENOTFOUND" : undefined);
