import { type Config, readConfig } from "../config/config";

/** Loads the service itself, which takes a while and which not every command needs. */
export const loadApp = () => import("../app");

/** Reads the configuration for commands that need no credentials, because they serve nobody. */
export const ownConfig = (): Config => readConfig(process.env, { serves: false });
