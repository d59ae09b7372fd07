const { jest } = require("../../package.json");

process.env.ORGROLES_TEST_HISTORIES ??= "6"; // a step on a cluster takes long

/** The suites that run on a cluster: its own, and those of one server with their processes on different nodes. */
module.exports = {
  ...jest,
  rootDir: "../..",
  testMatch: [
    "<rootDir>/test/cluster/*.test.ts",
    "<rootDir>/test/processes/{concurrency,member-races,event-delivery}.test.ts",
    "<rootDir>/test/linearizability/linearizability.test.ts",
    "<rootDir>/test/histories/mariadb.test.ts",
  ],
  testPathIgnorePatterns: ["/node_modules/"],
  globalSetup: "<rootDir>/test/cluster/global-setup.ts",
  globalTeardown: "<rootDir>/test/cluster/global-teardown.ts",
  maxWorkers: 2,
  testTimeout: 180_000,
  forceExit: true, // a failure may leave a process behind
};
