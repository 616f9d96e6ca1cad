import { ApiError } from "../client/errors";
import { Parley } from "../client/parley";
import { Id } from "../client/types";
import { Store } from "../store/store";

/** So many people are asked for at a time. */
const mostAsked = 4;

/** The server is asked for so many people; after that, names stay unknown. */
const mostResolved = 1_000;

/** Finds out who people are of whom the page has only the id. */
export class Names {
  /** Everybody who was asked for by id, and those who still have to be. */
  private readonly asked = new Set<Id>();
  private readonly waiting: Id[] = [];
  private running = 0;

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  /** Each is asked for once. */
  resolve(ids: readonly Id[]): void {
    for (const id of ids) {
      if (this.asked.has(id) || this.asked.size >= mostResolved) continue;
      this.asked.add(id);
      this.waiting.push(id);
    }
    while (this.running < mostAsked && this.waiting.length > 0) void this.resolveNext();
  }

  private async resolveNext(): Promise<void> {
    this.running += 1;
    for (let id = this.waiting.shift(); id !== undefined; id = this.waiting.shift()) {
      try {
        this.store.dispatch({ type: "people", users: [await this.parley.user(id)], isNew: true });
      } catch (error) {
        // Without an answer, the next view that needs the name asks again.
        if (!(error instanceof ApiError)) this.asked.delete(id);
      }
    }
    this.running -= 1;
  }
}
