import { Rotation } from "../event-loop/rotation";

/** Rejects work for a request whose peer has gone. */
export const goneAway = new Error("the caller has gone away");

/** A request that needs work done. */
export interface Requester {
  readonly connection: object;
  /** Whether its peer has gone. */
  readonly closed: boolean;
  once(event: "close", listener: () => void): void;
}

/** Returns a signal for work that is done in slices. */
export const stillThere = (requester: Requester) => ({
  throwIfAborted: () => {
    if (requester.closed) throw goneAway;
  },
});

/**
 * Does heavy work for a few requests at the same time. Of the others, each connection has its turn. What waits for a peer
 * that goes away is forgotten at once: peers that come again and again would otherwise fill the memory.
 */
export class FewAtOnce {
  private readonly waiting = new Rotation<object>();
  private running = 0;

  constructor(private readonly most: number) {}

  do<Input, Output>(requester: Requester, input: Input, work: (input: Input) => Promise<Output>): Promise<Output> {
    const { connection } = requester;
    const held = new Set([input]);
    return new Promise((resolve, reject) => {
      if (requester.closed) return reject(goneAway);
      const begin = () => {
        this.running += 1;
        const [own] = held;
        held.clear();
        const end = () => {
          this.running -= 1;
          this.waiting.take()?.();
        };
        work(own as Input)
          .then(resolve, reject)
          .finally(end);
      };
      if (this.running < this.most) return begin();
      this.waiting.add(connection, begin);
      return requester.once("close", () => {
        held.clear();
        this.waiting.forget(connection, begin);
        reject(goneAway);
      });
    });
  }
}
