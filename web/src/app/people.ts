import { Parley } from "../client/parley";
import { Id, User } from "../client/types";
import { characters, fits, limits } from "../rules/limits";
import { Store } from "../store/store";

/** Other people: finding them, and the user's block list. */
export class People {
  private loading = Promise.resolve();

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  /** People whose name begins with `text`, without the user. */
  async find(text: string, signal?: AbortSignal): Promise<User[]> {
    if (!fits(characters(text), limits.nameQuery)) return [];
    const users = await this.parley.findUsers(text, signal);
    return users.filter(({ id }) => id !== this.store.state.me?.id);
  }

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
