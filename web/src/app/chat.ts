import { ApiError } from "../client/errors";
import { Parley } from "../client/parley";
import { User } from "../client/types";
import { Store } from "../store/store";
import { Account } from "./account";
import { CatchingUp } from "./catchingUp";
import { Conversations } from "./conversations";
import { Delivery } from "./delivery";
import { Drafts } from "./drafts";
import { Incoming } from "./incoming";
import { Messages } from "./messages";
import { Notices } from "./notices";
import { People } from "./people";
import { Reading } from "./reading";
import { Sending } from "./sending";
import { Typing } from "./typing";
import { Uploads } from "./uploads";

/** Everything the views can ask for. It builds the parts and starts and ends them with the user's session. */
export class Chat {
  readonly notices: Notices;
  readonly account: Account;
  readonly people: People;
  readonly conversations: Conversations;
  readonly messages: Messages;
  readonly reading: Reading;
  readonly typing: Typing;
  readonly uploads: Uploads;
  readonly drafts: Drafts;
  readonly sending: Sending;

  private readonly delivery: Delivery;
  private readonly catchingUp: CatchingUp;
  private readonly incoming: Incoming;

  constructor(private readonly parley: Parley, readonly store: Store) {
    this.notices = new Notices(store);
    this.account = new Account(parley, store);
    this.people = new People(parley, store);
    this.delivery = new Delivery(parley, store);
    this.conversations = new Conversations(parley, store, this.delivery);
    this.messages = new Messages(parley, store, this.notices);
    this.reading = new Reading(parley, store);
    this.typing = new Typing(parley);
    this.uploads = new Uploads(parley, store);
    this.drafts = new Drafts(store, this.uploads, this.notices);
    this.sending = new Sending(parley, store, this.drafts, this.uploads, this.messages);
    this.catchingUp = new CatchingUp(
      parley, store, this.conversations, this.people, this.reading, this.sending, this.delivery,
    );
    this.incoming = new Incoming(store, this.catchingUp, this.conversations, this.people, this.delivery);
    parley.session.onEnded = () => this.signedOut();
  }

  /** Continues the session of before the reload, if there is one. Without an answer it asks again. */
  async restore(): Promise<void> {
    if (!this.parley.session.isExpected) {
      this.store.dispatch({ type: "signedOut" });
      return;
    }
    for (let delay = 500; ; delay = Math.min(2 * delay, 10_000)) {
      try {
        this.signedIn(await this.parley.session.restore());
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
          this.store.dispatch({ type: "signedOut" });
          return;
        }
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

  /** Connects now instead of waiting for the next attempt: the network may be back. */
  connectNow(): void {
    this.parley.hurry();
  }

  /** Tells the server of a log-out that it has not confirmed. */
  confirmLogout(): Promise<void> {
    return this.parley.session.confirmLogout();
  }

  /** Forgets the session, which ended in another tab. */
  sessionEnded(): void {
    this.parley.session.end();
  }

  private signedIn(user: User): void {
    this.store.dispatch({ type: "signedIn", user });
    this.sending.restore(user.id);
    this.parley.connect({
      onStatus: (status) => this.catchingUp.statusChanged(status),
      onEvent: (event) => this.incoming.receive(event),
      onRevoked: () => this.parley.session.end(),
    });
    void this.conversations.load();
  }

  private signedOut(): void {
    this.catchingUp.stop();
    this.parley.disconnect();
    this.conversations.clear();
    this.delivery.clear();
    this.uploads.clear();
    this.sending.clear();
    this.reading.clear();
    this.store.dispatch({ type: "signedOut" });
  }
}
