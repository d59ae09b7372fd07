import { WorkOS } from "@workos-inc/node";

/** Returns the client of the other service, as it is published, for this one. */
export function workosClient(address: string, key = "sk_test"): WorkOS {
  const [host = "", port] = address.split(":");
  return new WorkOS(key, { apiHostname: host, https: false, port: Number(port) });
}
