import { Backoff } from "../client/backoff";
import { ConnectionStatus } from "../client/connection";
import { ApiError } from "../client/errors";
import { Parley } from "../client/parley";
import { Conversation, Id, ServerEvent, User } from "../client/types";
import { isOutside, memberOf } from "../store/state";
import { Store } from "../store/store";
import { problemText } from "../texts";
import { Composing } from "./composing";
import { notify } from "./notifications";
import { Reading } from "./reading";

/** What the page does: connects the server's answers and events with the state that the views show. */
export class Chat {
  readonly composing: Composing;
  readonly reading: Reading;

  /** Counts connections, so that what an earlier one still answers is told apart. */
  private epoch = 0;
  private isLive = false;
  private list: Promise<void> | undefined;
  private blocked = Promise.resolve();
  private readonly confirmed = new Map<Id, number>();
  private confirmTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly refreshing = new Map<Id, Promise<Conversation | undefined>>();
  private noticeId = 0;

  constructor(readonly parley: Parley, readonly store: Store) {
    this.composing = new Composing(this);
    this.reading = new Reading(this);
    parley.session.onEnded = () => this.signedOut();
  }

  // Session

  /** Takes up the session of before the reload, if there is one; without an answer it asks again until there is. */
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

  private signedIn(user: User): void {
    this.store.dispatch({ type: "signedIn", user });
    this.composing.restore(user.id);
    this.parley.connect({
      onStatus: (status) => this.connectionChanged(status),
      onEvent: (event) => this.receive(event),
      onRevoked: () => this.parley.session.end(),
    });
    void this.loadList();
  }

  private signedOut(): void {
    this.epoch += 1;
    this.isLive = false;
    this.list = undefined;
    this.confirmed.clear();
    clearTimeout(this.confirmTimer);
    this.parley.disconnect();
    this.composing.clear();
    this.reading.clear();
    this.store.dispatch({ type: "signedOut" });
  }

  // Real time

  private connectionChanged(status: ConnectionStatus): void {
    this.isLive = false;
    this.epoch += 1;
    this.store.dispatch({ type: "connection", status });
    if (status !== "online") this.composing.setOnline(false);
  }

  private receive(event: ServerEvent): void {
    this.store.dispatch({ type: "event", event, isLive: this.isLive, now: Date.now() });
    switch (event.name) {
      case "ready":
        void this.catchUp();
        break;
      case "message:received":
        this.confirmSoon();
        if (this.store.state.conversations[event.payload.conversationId] === undefined) {
          void this.refresh(event.payload.conversationId);
        } else {
          notify(this.store.state, event.payload);
        }
        break;
      case "member:joined":
      case "member:left":
        void this.refresh(event.payload.conversationId);
        break;
      case "user:blocked":
        void this.loadBlocked();
        break;
      case "typing":
        setTimeout(() => this.store.dispatch({ type: "typingExpired", now: Date.now() }), 7_100);
        break;
    }
  }

  /** After each connecting: asks for all that has changed meanwhile, again until this connection ends or it is here. */
  private async catchUp(): Promise<void> {
    const epoch = this.epoch;
    const backoff = new Backoff();
    this.composing.setOnline(true);
    this.reading.connected();
    void this.loadBlocked();
    while (epoch === this.epoch) {
      try {
        await this.loadList();
        await this.sync(epoch);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
  }

  /** Only after this do events alone keep the state complete. */
  private async sync(epoch: number): Promise<void> {
    const answer = await this.parley.sync({ ...this.store.state.revisions });
    if (epoch !== this.epoch) return;
    this.store.dispatch({ type: "synced", answer });
    for (const { id, revision, messages, more } of answer.conversations) {
      if (!more || this.store.state.timelines[id] === undefined) continue;
      await this.reading.fetchChanges(id, messages[messages.length - 1]?.revision, revision);
      if (epoch !== this.epoch) return;
    }
    this.isLive = true;
    this.confirmSoon();
  }

  private loadList(): Promise<void> {
    this.list ??= this.fetchList().catch((error: unknown) => {
      this.list = undefined;
      throw error;
    });
    this.list.catch(() => {});
    return this.list;
  }

  /** One after the other, so that the last answer is the newest. */
  private loadBlocked(): Promise<void> {
    this.blocked = this.blocked
      .then(async () => this.store.dispatch({ type: "blocked", ids: (await this.parley.blocked()).map(({ id }) => id) }))
      // It is asked again with the next connection.
      .catch(() => {});
    return this.blocked;
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
   * Fetches a conversation anew, once at a time; answers it, also where the user only sees it from outside.
   * Whatever else goes wrong leaves things as they are.
   */
  refresh(id: Id): Promise<Conversation | undefined> {
    const present = this.refreshing.get(id);
    if (present !== undefined) return present;
    const fetching = this.fetchConversation(id).finally(() => this.refreshing.delete(id));
    this.refreshing.set(id, fetching);
    return fetching;
  }

  private async fetchConversation(id: Id): Promise<Conversation | undefined> {
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

  /** Tells the server, a moment later and once for many, how far messages have come to this device. */
  private confirmSoon(): void {
    this.confirmTimer ??= setTimeout(() => {
      this.confirmTimer = undefined;
      const { me, conversations } = this.store.state;
      for (const conversation of Object.values(conversations)) {
        const known = Math.max(this.confirmed.get(conversation.id) ?? 0, memberOf(conversation, me?.id)?.deliveredSeq ?? 0);
        if (conversation.lastSeq <= known || conversation.invitation !== undefined) continue;
        this.confirmed.set(conversation.id, conversation.lastSeq);
        this.parley.markDelivered(conversation.id, conversation.lastSeq).catch(() => this.confirmed.delete(conversation.id));
      }
    }, 200);
  }

  // Conversations

  /** The direct conversation with a person, made where there is none. */
  async startDirect(userId: Id): Promise<Conversation> {
    return this.known(await this.parley.startDirect(userId));
  }

  async startGroup(group: { title: string; visibility: "private" | "public"; memberIds: Id[] }): Promise<Conversation> {
    return this.known(await this.parley.startGroup(group));
  }

  async join(id: Id): Promise<Conversation> {
    return this.known(await this.parley.join(id));
  }

  async rename(id: Id, title: string): Promise<void> {
    this.known(await this.parley.rename(id, title));
  }

  async accept(id: Id): Promise<void> {
    this.known(await this.parley.accept(id));
    this.confirmSoon();
  }

  async block(id: Id, isBlocked: boolean): Promise<void> {
    await this.parley.block(id, isBlocked);
    await this.loadBlocked();
  }

  async leave(id: Id): Promise<void> {
    await this.parley.leave(id);
    this.store.dispatch({ type: "conversationGone", id });
  }

  private known(conversation: Conversation): Conversation {
    this.store.dispatch({ type: "conversation", conversation });
    return conversation;
  }

  // The user's own account

  async updateMe(changes: { displayName?: string; about?: string; avatarUploadId?: Id }): Promise<void> {
    this.store.dispatch({ type: "meChanged", user: await this.parley.updateMe(changes) });
  }

  async setAvatar(file: File): Promise<void> {
    const upload = await this.parley.uploader.upload(file, {
      signal: new AbortController().signal,
      onProgress: () => {},
      untilOnline: (delay) => new Promise((resolve) => setTimeout(resolve, delay)),
    });
    await this.updateMe({ avatarUploadId: upload.id });
  }

  // Notices

  /** Shows a line for some seconds. */
  notice(text: string, isProblem = false): void {
    const id = this.noticeId++;
    this.store.dispatch({ type: "noticeAdded", notice: { id, text, isProblem } });
    setTimeout(() => this.store.dispatch({ type: "noticeRemoved", id }), 6_000);
  }

  /** Runs what the user asked for; what goes wrong is said. Answers whether it went well. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.notice(problemText(error), true);
      return false;
    }
  }
}
