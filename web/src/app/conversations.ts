import { ApiError } from "../client/errors";
import { Parley } from "../client/parley";
import { Conversation, Id } from "../client/types";
import { isOutside } from "../store/state";
import { Store } from "../store/store";

/** The user's conversations: which there are. */
export class Conversations {
  private list: Promise<void> | undefined;
  private readonly refreshing = new Map<Id, Promise<Conversation | undefined>>();
  /** Conversations that are being fetched for the list. */
  private readonly toList = new Set<Id>();

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  /** The next call of `load` loads the list again. */
  clear(): void {
    this.list = undefined;
  }

  /** Loads the whole list once. After a failure the next call tries again. */
  load(): Promise<void> {
    this.list ??= this.fetchList().catch((error: unknown) => {
      this.list = undefined;
      throw error;
    });
    this.list.catch(() => {});
    return this.list;
  }

  private async fetchList(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.parley.conversations(cursor);
      cursor = page.nextCursor;
      this.store.dispatch({ type: "conversations", conversations: page.conversations, isComplete: cursor === undefined });
    } while (cursor !== undefined);
  }

  /** The conversation of an address. One that was hidden can be looked at, and stays out of the list. */
  async look(id: Id): Promise<Conversation | undefined> {
    await this.load().catch(() => {});
    return this.store.state.conversations[id] ?? this.refresh(id);
  }

  /**
   * Fetches a conversation again, once at a time, and answers it, even if the user only sees it from outside.
   * Errors other than "not yours" change nothing.
   */
  refresh(id: Id, isListed = false): Promise<Conversation | undefined> {
    if (isListed) this.toList.add(id);
    const present = this.refreshing.get(id);
    if (present !== undefined) return present;
    const fetching = this.fetch(id).finally(() => this.refreshing.delete(id));
    this.refreshing.set(id, fetching);
    return fetching;
  }

  private async fetch(id: Id): Promise<Conversation | undefined> {
    try {
      const conversation = await this.parley.conversation(id);
      const isListed = this.toList.delete(id);
      if (isOutside(conversation)) this.store.dispatch({ type: "conversationGone", id });
      else this.store.dispatch({ type: "conversation", conversation, isListed });
      return conversation;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
        this.store.dispatch({ type: "conversationGone", id });
      }
      return undefined;
    }
  }
}
