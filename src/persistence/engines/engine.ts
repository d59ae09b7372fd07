/** The databases this runs on. MariaDB and MySQL share a protocol, not a dialect. */
export type Engine = "sqlite" | "mariadb" | "mysql";
