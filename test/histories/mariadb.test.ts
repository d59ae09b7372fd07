import { historiesOn } from "./suite";

historiesOn("mariadb");
