import { Outbox } from "../client/outbox";
import { Parley } from "../client/parley";
import { Store } from "../store/store";
import { Acts } from "./acts";
import { Drafts } from "./drafts";
import { GroupNotices } from "./groupNotices";
import { Messages } from "./messages";
import { Notices } from "./notices";
import { Sending } from "./sending";
import { Typing } from "./typing";
import { Uploads } from "./uploads";

/** Whom they belong to. */
interface Owner {
  readonly parley: Parley;
  readonly store: Store;
  readonly notices: Notices;
  /** Whether messages can be sent now. */
  readonly isReady: boolean;
  writers: Writers | undefined;
}

/** What a conversation needs beyond the list: its messages, and what is written in it. It comes with the views that do so. */
export class Writers {
  readonly store: Store;
  readonly notices: Notices;
  readonly groupNotices: GroupNotices;
  readonly messages: Messages;
  readonly typing: Typing;
  readonly uploads: Uploads;
  readonly drafts: Drafts;
  readonly acts: Acts;
  readonly sending: Sending;

  private readonly outbox = new Outbox();

  constructor({ parley, store, notices, isReady }: Owner) {
    this.store = store;
    this.notices = notices;
    this.groupNotices = new GroupNotices(parley, store);
    this.messages = new Messages(parley, store);
    this.typing = new Typing(parley);
    this.uploads = new Uploads(parley, store);
    this.drafts = new Drafts(store, this.uploads, notices);
    this.drafts.onReplyRestored = (conversationId, messageId) => void this.messages.answered(conversationId, messageId);
    this.acts = new Acts(parley, store, this.outbox, notices);
    this.sending = new Sending(parley, store, this.outbox, this.drafts, this.uploads, this.acts, notices);
    this.outbox.setOnline(isReady);
  }

  setReady(isReady: boolean): void {
    this.outbox.setOnline(isReady);
  }

  /** Forgets what is under way. */
  clear(): void {
    this.uploads.clear();
    this.outbox.clear();
    this.acts.clear();
  }
}

/** Those of a chat; the first who needs them makes them. */
export function writers(chat: Owner): Writers {
  return (chat.writers ??= new Writers(chat));
}
