import { Routes } from "../client/routes";
import { Conversation, ConversationSettings, Id, SettingsWish } from "../client/types";
import { Store } from "../store/store";
import * as texts from "../texts";
import { problemText } from "../texts/problems";
import { Notices } from "./notices";
import { Reading } from "./reading";

/**
 * How much the user wants to be told of a conversation, and where it stands in their list. What they choose is shown at
 * once, and taken back if the server refuses it. Of each conversation, one change is on its way at a time.
 */
export class Attention {
  private readonly waiting = new Map<Id, SettingsWish[]>();

  constructor(
    private readonly routes: Pick<Routes, "setAttention">,
    private readonly store: Store,
    private readonly notices: Pick<Notices, "show">,
    private readonly reading: Pick<Reading, "markRead" | "sendMarkOf">,
  ) {}

  /** Answers whether the server has taken it. */
  async change(id: Id, wish: SettingsWish): Promise<boolean> {
    const before = this.store.state.conversations[id]?.me;
    if (before === undefined) return false;
    const others = this.waiting.get(id);
    this.show(id, wish);
    if (others === undefined) return this.send(id, before, wish);
    others.push(wish);
    return true;
  }

  /** Takes back that a conversation was marked as unread, and reads what is unread in it. */
  read({ id, lastSeq, me }: Conversation): void {
    this.reading.markRead(id, lastSeq);
    if (me?.markedUnread === true) void this.change(id, { markedUnread: false });
  }

  private async send(id: Id, before: ConversationSettings, first: SettingsWish): Promise<boolean> {
    const wishes = [first];
    this.waiting.set(id, wishes);
    let known = before;
    let isTaken = true;
    for (let wish = wishes[0]; wish !== undefined; wish = wishes[0]) {
      try {
        // What the user read before they marked it as unread must not reach the server afterwards.
        if (wish.markedUnread === true) await this.reading.sendMarkOf(id);
        const conversation = await this.routes.setAttention(id, wish);
        known = conversation.me ?? known;
        this.store.dispatch({ type: "conversation", conversation, isListed: false });
      } catch (error) {
        isTaken = false;
        this.takeBack(id, wish, known);
        this.notices.show(texts.attention.refused(problemText(error)), true);
      }
      wishes.shift();
      // The answer knows nothing of what was asked for since.
      for (const other of wishes) this.show(id, other);
    }
    this.waiting.delete(id);
    return isTaken;
  }

  /** Shows again what held before a change, unless the server has said since what holds. */
  private takeBack(id: Id, wish: SettingsWish, known: ConversationSettings): void {
    if (this.store.state.conversations[id]?.me?.settingsVersion !== known.settingsVersion) return;
    const { notifications, pinned, archived, markedUnread, mutedUntil = null } = known;
    const all = { notifications, pinned, archived, markedUnread, mutedUntil };
    this.show(id, Object.fromEntries(Object.entries(all).filter(([name]) => name in wish)));
  }

  private show(conversationId: Id, wish: SettingsWish): void {
    this.store.dispatch({ type: "settingsWished", conversationId, wish });
  }
}
