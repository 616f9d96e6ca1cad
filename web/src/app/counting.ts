import { Id, Marks } from "../client/types";
import { statusOf } from "../store/state";
import { Store } from "../store/store";
import { Conversations } from "./conversations";

/** The first and the longest wait before the server is asked, in milliseconds. Changes within it share one question. */
const firstWait = 400;
const longestWait = 30_000;

/** The wait before the server is asked how far all others have read, in milliseconds. */
const marksWait = 2_000;

/** Asks the server for numbers that the page cannot know by itself: unread messages, and the marks of members not listed. */
export class Counting {
  private readonly asking = new Set<Id>();
  private readonly waiting = new Set<Id>();
  private counts = {};

  constructor(private readonly store: Store, private readonly conversations: Conversations, private readonly isLive: () => boolean) {
    store.subscribe(() => {
      if (store.state.counts !== this.counts) this.check();
    });
  }

  /** Asks for every number that is not sure. Without a connection nobody can know; `sync` comes first then. */
  check(): void {
    const { counts } = this.store.state;
    this.counts = counts;
    if (!this.isLive()) return;
    for (const id of Object.keys(counts)) if (this.isUnsure(id) && !this.asking.has(id)) void this.ask(id);
  }

  /** The server counts up to the mark that it knows. That can be behind this page's, so it is asked again. */
  private async ask(id: Id): Promise<void> {
    this.asking.add(id);
    for (let wait = firstWait; ; wait = Math.min(2 * wait, longestWait)) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (!this.isLive() || !this.isUnsure(id)) break;
      await this.conversations.refresh(id);
    }
    this.asking.delete(id);
  }

  private isUnsure(id: Id): boolean {
    const count = this.store.state.counts[id];
    return count !== undefined && !count.isSure && !count.isLoaded;
  }

  /** Somebody has read or received messages. If not all members are listed, only the server knows whether all have. */
  marksMoved({ conversationId: id, userId, readSeq, deliveredSeq }: Marks): void {
    const { me, conversations } = this.store.state;
    const conversation = conversations[id];
    const last = conversation?.lastMessage;
    if (conversation === undefined || last === undefined || userId === me?.id || last.sender.id !== me?.id) return;
    const { others, members, memberCount } = conversation;
    if (memberCount <= members.length || others === undefined || this.waiting.has(id)) return;
    if (statusOf(last, conversation) === "read" || (readSeq <= others.readSeq && deliveredSeq <= others.deliveredSeq)) return;
    this.waiting.add(id);
    setTimeout(() => {
      this.waiting.delete(id);
      if (this.isLive()) void this.conversations.refresh(id);
    }, marksWait);
  }
}
