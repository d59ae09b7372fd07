interface PendingRequest<Query, Result> {
  readonly query: Query;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Shares round trips: queries that arrive in one turn of the event loop, or during a round trip, go together in the next
 * one. No query gets a result from before its arrival, none waits for a timer, and more of them share when it is busier.
 * After a turn with only one query, the first query of the next turn does not wait for its end.
 */
export class RequestBatcher<Query, Result> {
  private waiting: PendingRequest<Query, Result>[] = [];
  private inFlight = 0;
  private inTurn = 0;
  private lastTurnHadOne = false;

  constructor(
    private readonly fetch: (queries: readonly Query[]) => Promise<Result>,
    /** `weight` is of all queries of one round trip, `roundTrips` of those at one time. */
    private readonly limits: { readonly weight: number; readonly roundTrips: number },
    private readonly weightOf: (query: Query) => number = () => 1,
  ) {}

  request(query: Query): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ query, resolve, reject });
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
    const batch = this.waiting.splice(0, this.sizeOfNext());
    this.inFlight += 1;
    void this.send(batch);
  }

  /** Returns how many queries fit into one round trip, at least one. */
  private sizeOfNext(): number {
    let weight = 0;
    const end = this.waiting.findIndex(({ query }, index) => {
      weight += this.weightOf(query);
      return index > 0 && weight > this.limits.weight;
    });
    return end < 0 ? this.waiting.length : end;
  }

  private async send(batch: readonly PendingRequest<Query, Result>[]): Promise<void> {
    try {
      const result = await this.fetch(batch.map(({ query }) => query));
      this.finish();
      for (const { resolve } of batch) resolve(result);
    } catch (error) {
      this.finish();
      for (const { reject } of batch) reject(error);
    }
  }

  private finish(): void {
    this.inFlight -= 1;
    this.sendNext();
  }
}
