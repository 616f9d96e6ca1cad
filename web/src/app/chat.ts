import { Outbox } from "../client/outbox";
import { Parley } from "../client/parley";
import { Id, User } from "../client/types";
import { Store } from "../store/store";
import { storageKey } from "../lib/basePath";
import { readStored, store as setStored } from "../lib/storage";
import { Ending } from "../store/state";
import { Acts } from "./acts";
import { CatchingUp } from "./catchingUp";
import { Clock } from "./clock";
import { Conversations } from "./conversations";
import type { Counting } from "./counting";
import { Delivery } from "./delivery";
import { Drafts } from "./drafts";
import { Incoming } from "./incoming";
import type { Later } from "./later";
import { Messages } from "./messages";
import { Notices } from "./notices";
import type { Names } from "./names";
import type { Notifications } from "./notifications";
import { People } from "./people";
import { Reading } from "./reading";
import { Sending } from "./sending";
import { Typing } from "./typing";
import type { Unsent } from "./unsent";
import { Uploads } from "./uploads";

/** The list of conversations waits so long for the connection, in milliseconds. */
const listPatience = 1_000;

/** Why the last session is over, if the server ended it; shared by all tabs, and kept over a reload. */
const endingKey = storageKey("ended");

function readEnding(): { ending?: Ending } {
  try {
    return JSON.parse(readStored(endingKey) ?? "{}") as { ending?: Ending };
  } catch {
    return {};
  }
}

/** Everything the views can ask for. It builds the parts and starts and ends them with the user's session. */
export class Chat {
  readonly notices: Notices;
  readonly people: People;
  readonly conversations: Conversations;
  readonly messages: Messages;
  readonly reading: Reading;
  readonly typing: Typing;
  readonly uploads: Uploads;
  readonly drafts: Drafts;
  readonly acts: Acts;
  readonly sending: Sending;

  private readonly clock: Clock;
  private readonly delivery: Delivery;
  private readonly catchingUp: CatchingUp;
  private readonly incoming: Incoming;
  private readonly outbox = new Outbox();
  private unsent: Unsent | undefined;
  private notifications: Notifications | undefined;
  private counting: Counting | undefined;
  private names: Names | undefined;

  constructor(readonly parley: Parley, readonly store: Store, private readonly later: () => Promise<Later>) {
    this.notices = new Notices(store);
    this.people = new People(parley, store);
    this.delivery = new Delivery(parley, store);
    this.conversations = new Conversations(parley, store);
    this.messages = new Messages(parley, store);
    this.reading = new Reading(parley, store);
    this.typing = new Typing(parley);
    this.uploads = new Uploads(parley, store);
    this.drafts = new Drafts(store, this.uploads, this.notices);
    this.drafts.onReplyRestored = (conversationId, messageId) => void this.messages.answered(conversationId, messageId);
    this.acts = new Acts(parley, store, this.outbox, this.notices);
    this.sending = new Sending(parley, store, this.outbox, this.drafts, this.uploads, this.acts, this.notices);
    this.catchingUp = new CatchingUp(
      parley, store, this.conversations, this.people, this.reading, this.sending, this.delivery,
    );
    this.catchingUp.onLive = () => void this.count();
    this.incoming = new Incoming(
      store, this.catchingUp, this.conversations, this.people, this.delivery,
      (message) => void this.notifications?.notify(message),
      (marks) => this.counting?.marksMoved(marks),
    );
    this.clock = new Clock(store);
    this.clock.onJump = () => this.probe();
    this.clock.tick();
    parley.session.onEnded = (code) => this.signedOut(code);
  }

  /** Continues the session of before the reload, if there is one. Without an answer it asks again. */
  async restore(): Promise<void> {
    if (!this.parley.session.isExpected) {
      this.store.dispatch({ type: "signedOut", ...readEnding() });
      return;
    }
    for (let delay = 500; ; delay = Math.min(2 * delay, 10_000)) {
      try {
        this.signedIn(await this.parley.session.restore());
        return;
      } catch {
        // The server has ended the session, and `signedOut` has said so.
        if (!this.parley.session.isExpected) return;
        this.store.dispatch({ type: "connection", status: "waiting" });
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  async login(username: string, password: string): Promise<void> {
    this.signedIn(await this.parley.session.login(username, password));
  }

  async register(username: string, password: string, displayName: string): Promise<void> {
    this.signedIn(await this.parley.session.register(username, password, displayName));
  }

  /** Finds out at once whether there is a connection, instead of waiting: the network may be gone, or back. */
  probe(): void {
    this.parley.probe();
  }

  /** The network is gone. Should the server be reachable all the same, the next attempt finds it. */
  networkLost(): void {
    this.parley.drop();
  }

  /** The page was in the back, where timers are late. */
  wake(): void {
    this.clock.tick();
    this.probe();
  }

  /** Tells the server soon how far messages have reached this device. */
  confirmDelivery(): void {
    this.delivery.confirmSoon();
  }

  /** Tells the server of a log-out that it has not confirmed. */
  confirmLogout(): Promise<void> {
    return this.parley.session.confirmLogout();
  }

  /** Forgets the session, which ended in another tab. */
  sessionEnded(): void {
    this.parley.session.end(readEnding().ending?.code);
  }

  /** Whether a log-out would delete something that the user wrote. */
  get hasUnsent(): boolean {
    return this.unsent?.hasWords === true;
  }

  /** Logs out, and deletes what was not sent. */
  logout(): Promise<void> {
    this.unsent?.forget();
    return this.parley.session.logout();
  }

  private signedIn(user: User): void {
    setStored(endingKey, null);
    this.store.dispatch({ type: "signedIn", user });
    void this.fetchKeeper(user.id);
    this.parley.connect({
      onStatus: (status) => {
        this.catchingUp.statusChanged(status);
        if (status === "online") void this.fetchKeeper(user.id);
      },
      onEvent: (event) => this.incoming.receive(event),
      onRevoked: (code) => this.parley.session.end(code),
    });
    // The list is loaded once the connection is ready. If that takes long, it is loaded twice.
    setTimeout(() => {
      if (this.store.state.phase === "signedIn") void this.conversations.load();
    }, listPatience);
  }

  /** Finds out who people are of whom the page has only the id. */
  async resolve(ids: readonly Id[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      const { Names } = await this.later();
      (this.names ??= new Names(this.parley, this.store)).resolve(ids);
    } catch {
      // The names stay unknown until they are needed again.
    }
  }

  /** Asks the server for the numbers that are not sure. */
  private async count(): Promise<void> {
    try {
      const { Counting } = await this.later();
      this.counting ??= new Counting(this.store, this.conversations, () => this.catchingUp.isLive);
      this.counting.check();
    } catch {
      // The next connection tries again.
    }
  }

  /** Fetches what keeps unsent words, and what notifies. The first view does without them. */
  private async fetchKeeper(userId: Id): Promise<void> {
    try {
      const { Unsent, Notifications } = await this.later();
      if (this.store.state.me?.id !== userId) return;
      this.notifications ??= new Notifications(this.store);
      this.unsent ??= new Unsent(this.store, this);
      this.unsent.start(userId);
    } catch {
      // The next connection tries again.
    }
  }

  /** `code` is the server's reason, if it was the server that ended the session. What was not sent is then kept. */
  private signedOut(code?: string): void {
    const ending = code === undefined ? {} : { ending: { code, isKept: this.hasUnsent } };
    setStored(endingKey, code === undefined ? null : JSON.stringify(ending));
    this.unsent?.stop();
    this.catchingUp.clear();
    this.names = undefined;
    this.parley.disconnect();
    this.conversations.clear();
    this.delivery.clear();
    this.uploads.clear();
    this.outbox.clear();
    this.acts.clear();
    this.reading.clear();
    this.store.dispatch({ type: "signedOut", ...ending });
  }
}
