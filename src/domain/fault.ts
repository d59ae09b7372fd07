/**
 * A failure of the service itself. Logs and commands show its message, which therefore never contains a value of a
 * request, of a token or of a statement. The message of any other error is shown nowhere.
 */
export class Fault extends Error {
  /** Whether the message says what the causes mean, so that nobody has to read them. */
  readonly explainsItself: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
