/** A database server whose settings do not let the service work. Its operator has to change something. */
export class UnusableServer extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The database server cannot be used: ${reason}`, options);
  }
}
