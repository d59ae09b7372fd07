/**
 * A failure of the service itself. Logs and commands show its message, so that the message never contains a value of a
 * request, of a token or of a statement. They show the message of no other error.
 */
export class Fault extends Error {
  /** Whether the message explains its causes, so that they need not be shown. */
  readonly explainsItself: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
