import { Ban } from "../client/errors";
import { Parley } from "../client/parley";
import { Id, User } from "../client/types";
import { Store } from "../store/store";
import { storageKey } from "../lib/basePath";
import { readStored, store as setStored } from "../lib/storage";
import { Ending } from "../store/state";
import { CatchingUp } from "./catchingUp";
import { Clock } from "./clock";
import { Conversations } from "./conversations";
import type { Counting } from "./counting";
import { Delivery } from "./delivery";
import { Incoming } from "./incoming";
import type { Later } from "./later";
import { Notices } from "./notices";
import type { Names } from "./names";
import type { Notifications } from "./notifications";
import { People } from "./people";
import { Reading } from "./reading";
import { parseRoute } from "./router";
import type { Unsent } from "./unsent";
import type { Writers, writers } from "./writers";

/** What comes with the views of a conversation. */
export interface Keeper {
  Unsent: typeof Unsent;
  writers: typeof writers;
}

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
  readonly reading: Reading;
  /** Those of `writers`, once they are needed. */
  writers: Writers | undefined;

  private readonly clock: Clock;
  private readonly delivery: Delivery;
  private readonly catchingUp: CatchingUp;
  private readonly incoming: Incoming;
  private unsent: Unsent | undefined;
  private notifications: Notifications | undefined;
  private counting: Counting | undefined;
  private names: Names | undefined;

  /** `later` and `keeper` fetch what the list of conversations does without. */
  constructor(
    readonly parley: Parley,
    readonly store: Store,
    private readonly later: () => Promise<Later>,
    private readonly keeper: () => Promise<Keeper>,
  ) {
    this.notices = new Notices(store);
    this.people = new People(parley, store);
    this.delivery = new Delivery(parley, store);
    this.conversations = new Conversations(parley, store);
    this.reading = new Reading(parley, store);
    this.catchingUp = new CatchingUp(parley, store, this.conversations, this.people, this.reading, this.delivery);
    this.catchingUp.onReady = (isReady) => this.writers?.setReady(isReady);
    this.catchingUp.onLive = () => void this.count();
    this.incoming = new Incoming(
      store, this.catchingUp, this.conversations, this.people, this.delivery,
      (message) => void this.notifications?.notify(message),
      (marks) => this.counting?.marksMoved(marks),
    );
    this.clock = new Clock(store);
    this.clock.onJump = () => this.probe();
    this.clock.tick();
    parley.session.onEnded = (code, banned) => this.signedOut(code, banned);
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

  /** Whether messages can be sent now. */
  get isReady(): boolean {
    return this.catchingUp.isReady;
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
    const { ending } = readEnding();
    this.parley.session.end(ending?.code, ending?.banned);
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
    void this.keep(user.id);
    void this.fetchNotifications(user.id);
    this.parley.connect({
      onStatus: (status) => {
        this.catchingUp.statusChanged(status);
        if (status !== "online") return;
        void this.keep(user.id);
        void this.fetchNotifications(user.id);
      },
      onEvent: (event) => this.incoming.receive(event),
      onRevoked: (code, banned) => this.parley.session.end(code, banned),
    });
    const route = parseRoute(window.location.pathname);
    if (route.view === "conversation") this.reading.openFirst(route.id, route.seq);
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

  /** Keeps unsent words from now on. What does so comes with what they are written in. */
  private async keep(userId: Id): Promise<void> {
    try {
      const { Unsent, writers } = await this.keeper();
      if (this.store.state.me?.id !== userId) return;
      this.unsent ??= new Unsent(this.store, writers(this));
      this.unsent.start(userId);
    } catch {
      // The next connection tries again.
    }
  }

  private async fetchNotifications(userId: Id): Promise<void> {
    try {
      const { Notifications, showInFavicon } = await this.later();
      if (this.store.state.me?.id !== userId || this.notifications !== undefined) return;
      this.notifications = new Notifications(this.store);
      showInFavicon(this.store);
    } catch {
      // The next connection tries again.
    }
  }

  /** `code` is the server's reason, if it was the server that ended the session. What was not sent is then kept. */
  private signedOut(code?: string, banned?: Ban): void {
    const ending = code === undefined ? {} : { ending: { code, isKept: this.hasUnsent, ...(banned === undefined ? {} : { banned }) } };
    setStored(endingKey, code === undefined ? null : JSON.stringify(ending));
    this.unsent?.stop();
    this.catchingUp.clear();
    this.names = undefined;
    this.parley.disconnect();
    this.conversations.clear();
    this.delivery.clear();
    this.writers?.clear();
    this.reading.clear();
    this.store.dispatch({ type: "signedOut", ...ending });
  }
}
