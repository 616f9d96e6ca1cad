import { Parley } from "../client/parley";
import { Id } from "../client/types";
import { Store } from "../store/store";

/** The user's block list. */
export class People {
  private loading = Promise.resolve();

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  async block(id: Id, isBlocked: boolean): Promise<void> {
    await this.parley.block(id, isBlocked);
    await this.loadBlocked();
  }

  /** Loads the block list. Loads run one after the other, so the last answer is the newest. */
  loadBlocked(): Promise<void> {
    this.loading = this.loading
      .then(async () => this.store.dispatch({ type: "blocked", ids: (await this.parley.blocked()).map(({ id }) => id) }))
      // The next connection loads it again.
      .catch(() => {});
    return this.loading;
  }
}
