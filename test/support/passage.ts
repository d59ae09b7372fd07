import type { Logger } from "pino";
import { Authenticator } from "../../src/auth/authenticator";
import { Admission } from "../../src/calls/admission";
import { Watches } from "../../src/calls/watches";
import type { CallPipeline } from "../../src/calls/pipeline";

/** The way of a call to which everybody is let in. */
export const openPassage = (log: Logger): CallPipeline => ({
  authenticator: new Authenticator([], undefined),
  admission: new Admission({ concurrency: 64, queue: 64, rate: 0 }),
  log,
  watches: new Watches(1000),
  onEnd: () => undefined,
  onLoadShed: () => undefined,
});
