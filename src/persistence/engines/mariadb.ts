import { type ServerDialect, server } from "./server";

export const mariadb: ServerDialect = { engine: "mariadb", driver: "mariadb", ...server };
