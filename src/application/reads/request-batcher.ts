interface PendingRequest<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Shares round trips: questions that come in one turn of the event loop, or while answers are under way, go together in
 * the next one. So no question is answered from before it was asked, nobody waits for a timer, and the busier it is the
 * more share. Where the last turn had one question alone, the first of this one does not wait for its end.
 */
export class RequestBatcher<Question, Answer> {
  private waiting: PendingRequest<Question, Answer>[] = [];
  private inFlight = 0;
  private inTurn = 0;
  private lastTurnHadOne = false;

  constructor(
    private readonly fetch: (questions: readonly Question[]) => Promise<Answer>,
    private readonly limits: { readonly questions: number; readonly roundTrips: number },
    /** As how many questions one counts. */
    private readonly weightOf: (question: Question) => number = () => 1,
  ) {}

  request(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      this.inTurn += 1;
      if (this.inTurn > 1) return;
      setImmediate(() => this.endTurn());
      if (this.lastTurnHadOne && !this.inFlight) this.sendNext();
    });
  }

  private endTurn(): void {
    this.lastTurnHadOne = this.inTurn === 1;
    this.inTurn = 0;
    this.sendNext();
  }

  private sendNext(): void {
    if (this.inFlight >= this.limits.roundTrips || !this.waiting.length) return;
    const asked = this.waiting.splice(0, this.countOfNext());
    this.inFlight += 1;
    void this.send(asked);
  }

  /** As many as fit a round trip together, at least one. */
  private countOfNext(): number {
    let weight = 0;
    const end = this.waiting.findIndex(({ question }, index) => {
      weight += this.weightOf(question);
      return index > 0 && weight > this.limits.questions;
    });
    return end < 0 ? this.waiting.length : end;
  }

  private async send(asked: readonly PendingRequest<Question, Answer>[]): Promise<void> {
    try {
      const answer = await this.fetch(asked.map(({ question }) => question));
      this.finish();
      for (const { resolve } of asked) resolve(answer);
    } catch (error) {
      this.finish();
      for (const { reject } of asked) reject(error);
    }
  }

  private finish(): void {
    this.inFlight -= 1;
    this.sendNext();
  }
}
