import { historiesOn } from "./suite";

historiesOn("sqlite");
