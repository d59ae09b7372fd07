import { Fault } from "../../domain/fault";

/** The settings of a database server prevent the service from working. The server's operator has to change them. */
export class UnusableServer extends Fault {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The database server cannot be used: ${reason}`, options);
  }
}
