import { type Config, readConfig } from "../config/config";

/** Loads the service. Loading is slow, and few commands need it. */
export const loadApp = () => import("../app/app");

/** Loads the commands that use the database and the files of the service. */
export const loadCommands = () => import("../app/commands");

/** Reads the configuration for commands that serve no calls and therefore need no credentials. */
export const ownConfig = (): Config => readConfig(process.env, { serves: false });
