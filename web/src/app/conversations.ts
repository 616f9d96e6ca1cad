import { ApiError } from "../client/errors";
import { Parley } from "../client/parley";
import { Conversation, Id, MemberPage, Role } from "../client/types";
import { characters, fits, limits } from "../rules/limits";
import { isOutside, memberOf } from "../store/state";
import { Store } from "../store/store";
import { Delivery } from "./delivery";

/** The user's conversations: which there are, and what can be done with one as a whole. */
export class Conversations {
  private list: Promise<void> | undefined;
  private readonly refreshing = new Map<Id, Promise<Conversation | undefined>>();

  constructor(private readonly parley: Parley, private readonly store: Store, private readonly delivery: Delivery) {}

  clear(): void {
    this.list = undefined;
  }

  // Reading

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

  /**
   * Fetches a conversation again, once at a time, and answers it, even if the user only sees it from outside.
   * Errors other than "not yours" change nothing.
   */
  refresh(id: Id): Promise<Conversation | undefined> {
    const present = this.refreshing.get(id);
    if (present !== undefined) return present;
    const fetching = this.fetch(id).finally(() => this.refreshing.delete(id));
    this.refreshing.set(id, fetching);
    return fetching;
  }

  private async fetch(id: Id): Promise<Conversation | undefined> {
    try {
      const conversation = await this.parley.conversation(id);
      if (isOutside(conversation)) this.store.dispatch({ type: "conversationGone", id });
      else this.known(conversation);
      return conversation;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
        this.store.dispatch({ type: "conversationGone", id });
      }
      return undefined;
    }
  }

  async publicGroups(text: string, signal?: AbortSignal): Promise<Conversation[]> {
    if (!fits(characters(text), limits.nameQuery)) return [];
    return this.parley.publicGroups(text, signal);
  }

  members(id: Id, cursor?: string): Promise<MemberPage> {
    return this.parley.members(id, cursor);
  }

  /** Finds the user's role in a group whose first members, which the conversation carries, do not include them. */
  async findOwnRole(id: Id): Promise<void> {
    const { conversations, me, ownRoles } = this.store.state;
    const conversation = conversations[id];
    if (conversation === undefined || memberOf(conversation, me?.id) !== undefined || ownRoles[id] !== undefined) return;
    try {
      let cursor: string | undefined;
      do {
        const page = await this.parley.members(id, cursor);
        const own = page.members.find(({ user }) => user.id === me?.id);
        if (own !== undefined) {
          this.store.dispatch({ type: "ownRole", conversationId: id, role: own.role });
          return;
        }
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    } catch {
      // Until the next attempt the user is offered what a plain member may do.
    }
  }

  // Changing

  /** The direct conversation with a person; it is created if there is none. */
  async startDirect(userId: Id): Promise<Conversation> {
    return this.known(await this.parley.startDirect(userId));
  }

  async startGroup(group: { title: string; visibility: "private" | "public"; memberIds: Id[] }): Promise<Conversation> {
    return this.known(await this.parley.startGroup(group));
  }

  async join(id: Id): Promise<Conversation> {
    return this.known(await this.parley.join(id));
  }

  async accept(id: Id): Promise<void> {
    this.known(await this.parley.accept(id));
    this.delivery.confirmSoon();
  }

  async leave(id: Id): Promise<void> {
    await this.parley.leave(id);
    this.store.dispatch({ type: "conversationGone", id });
  }

  async rename(id: Id, title: string): Promise<void> {
    this.known(await this.parley.rename(id, title));
  }

  async addMember(id: Id, userId: Id): Promise<void> {
    this.known(await this.parley.addMembers(id, [userId]));
  }

  async removeMember(id: Id, userId: Id): Promise<void> {
    await this.parley.removeMember(id, userId);
    await this.refresh(id);
  }

  async changeRole(id: Id, userId: Id, role: Role): Promise<void> {
    this.known(await this.parley.setRole(id, userId, role));
  }

  private known(conversation: Conversation): Conversation {
    this.store.dispatch({ type: "conversation", conversation });
    return conversation;
  }
}
