import { type Config, readConfig } from "../config/config";

/** Loads the service, which takes a while and which few commands need. */
export const loadApp = () => import("../app/app");

/** Loads what commands do with the database and the files of the service. */
export const loadCommands = () => import("../app/commands");

/** Reads the configuration for commands that need no credentials, because they serve nobody. */
export const ownConfig = (): Config => readConfig(process.env, { serves: false });
