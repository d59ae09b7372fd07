import { setTimeout as sleep } from "node:timers/promises";
import { reason, run } from "./system";

const WAIT_MS = 120_000;

/** From the machine's own sources, as root. Waits while another run or an update of the system holds apt's locks. */
export async function installPackage(name: string): Promise<void> {
  const apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"];
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    try {
      await run(300, [...apt, "update"]);
      await run(300, [...apt, "install", "-y", "--no-install-recommends", name]);
      return;
    } catch (error) {
      if (!/lock/i.test(reason(error)) || Date.now() > deadline) throw error;
      await sleep(1000);
    }
  }
}
