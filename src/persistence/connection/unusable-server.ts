import { Fault } from "../../domain/fault";

/** A database server whose settings do not let the service work. Its operator has to change something. */
export class UnusableServer extends Fault {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The database server cannot be used: ${reason}`, options);
  }
}
