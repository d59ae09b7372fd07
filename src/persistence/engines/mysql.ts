import { type ServerDialect, server } from "./server";

export const mysql: ServerDialect = { engine: "mysql", driver: "mysql", ...server };
