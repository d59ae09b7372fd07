export { EventClient } from "./event-client";
export { eventToJson } from "./event-json";
export { formatEvent } from "./event-text";
