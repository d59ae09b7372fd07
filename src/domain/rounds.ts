/**
 * Shares round trips: questions that have come by the end of the event loop's turn, or while answers are under way, go
 * together in the next one. So no question is answered from before it was asked, nobody waits for a timer, and the busier
 * it is the more share.
 */
export class Rounds<Question, Answer> {
  private waiting: { readonly question: Question; readonly resolve: (answer: Promise<Answer>) => void }[] = [];
  private underWay = 0;
  private scheduled = false;

  constructor(
    private readonly ask: (questions: readonly Question[]) => Promise<Answer>,
    private readonly limits: { readonly questions: number; readonly roundTrips: number },
  ) {}

  answer(question: Question): Promise<Answer> {
    return new Promise((resolve) => {
      this.waiting.push({ question, resolve });
      if (!this.scheduled) setImmediate(() => this.next());
      this.scheduled = true;
    });
  }

  private next(): void {
    this.scheduled = false;
    if (this.underWay >= this.limits.roundTrips || !this.waiting.length) return;
    const asked = this.waiting.splice(0, this.limits.questions);
    this.underWay += 1;
    const answer = this.ask(asked.map(({ question }) => question)).finally(() => {
      this.underWay -= 1;
      this.next();
    });
    for (const { resolve } of asked) resolve(answer);
  }
}
