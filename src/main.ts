#!/usr/bin/env -S node --max-semi-space-size=32
import { nodeFault } from "./cli/node-version";

const fault = nodeFault(process.versions.node);
if (fault) {
  console.error(fault);
  process.exitCode = 1;
} else {
  // loaded after the check, because an old Node cannot parse the other files
  void import("./cli/program").then(({ run }) => run());
}
