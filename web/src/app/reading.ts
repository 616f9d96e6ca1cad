import { ApiError } from "../client/errors";
import { Parley } from "../client/parley";
import { Conversation, Id, Message } from "../client/types";
import { readSeqOf } from "../store/counts";
import { isOutside } from "../store/state";
import { Store } from "../store/store";
import { emptyTimeline, findBySeq, firstSeq, lastSeq, PageKind, Timeline } from "../store/timeline";

/** The number of messages in the first window, and in each further page. */
const windowSize = 50;
const pageSize = 100;

/** After this many pages of changes, the history is loaded again instead. */
const changePages = 10;

/** Read marks are collected this long before they are sent, in milliseconds. */
const markDelay = 250;

interface Loaded {
  readonly page: PageKind;
  readonly messages: readonly Message[];
}

/** Whether the first unread message is too far back for a window at the end. */
function beginsAtUnread({ unreadCount }: Conversation): boolean {
  return unreadCount > windowSize - 10;
}

/** Loads the history of conversations, and tells the server how far the user has read. */
export class Reading {
  /** How far the user has read here, where that is not acknowledged. */
  private readonly unconfirmed = new Map<Id, number>();
  private markTimer: ReturnType<typeof setTimeout> | undefined;
  /** The latest load of each conversation. Only its answer counts: earlier ones may know less. */
  private readonly loads = new Map<Id, symbol>();

  /** Conversations that are fetched together with their messages. */
  private readonly opening = new Map<Id, Promise<void>>();

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  clear(): void {
    this.opening.clear();
    clearTimeout(this.markTimer);
    this.markTimer = undefined;
    this.unconfirmed.clear();
    this.loads.clear();
  }

  connected(): void {
    this.sendMarks();
    for (const [id, timeline] of Object.entries(this.store.state.timelines)) {
      if (timeline.isBroken && !timeline.isLoaded) void this.open(id);
    }
  }

  /** Loads a conversation around the message `seq`; without `seq`, around the first unread message or at the end. */
  async open(id: Id, seq?: number): Promise<void> {
    const opening = this.opening.get(id);
    if (opening !== undefined) await opening;
    const conversation = this.store.state.conversations[id];
    if (conversation === undefined) return;
    const timeline = this.timeline(id);
    if (timeline.loading === "window") return;
    if (seq !== undefined) {
      if (findBySeq(timeline.messages, seq) === undefined) await this.loadAround(id, seq);
      return;
    }
    if (timeline.isLoaded) return;
    if (beginsAtUnread(conversation)) await this.loadAround(id, readSeqOf(conversation) + 1);
    else await this.loadNewest(id);
  }

  /**
   * Fetches a conversation and its messages at once, before the list of conversations is there. If that fails, they are
   * fetched as usual.
   */
  openFirst(id: Id, seq?: number): void {
    const opening = this.fetchTogether(id, seq).catch(() => {});
    this.opening.set(id, opening);
    void opening.then(() => {
      if (this.opening.get(id) === opening) this.opening.delete(id);
    });
  }

  private async fetchTogether(id: Id, seq: number | undefined): Promise<void> {
    const [conversation, loaded] = await Promise.all([
      this.parley.conversation(id),
      seq === undefined ? this.newest(id) : this.around(id, seq),
    ]);
    if (this.opening.get(id) === undefined || isOutside(conversation)) return;
    const { dispatch } = this.store;
    // The messages may be older than the conversation. Up to their own latest change, nothing is missing.
    const revision = Math.max(0, ...loaded.messages.map((message) => message.revision));
    dispatch({ type: "caughtUp", conversationId: id, revision: Math.min(revision, conversation.revision) });
    dispatch({ type: "conversation", conversation, isListed: false });
    const isUsed = seq !== undefined || !beginsAtUnread(conversation);
    if (!isUsed || this.timeline(id).isLoaded || this.timeline(id).loading !== undefined) return;
    dispatch({ type: "pageLoaded", conversationId: id, ...loaded });
  }

  async loadNewest(id: Id): Promise<void> {
    await this.load(id, "window", () => this.newest(id));
  }

  private async loadAround(id: Id, seq: number): Promise<void> {
    await this.load(id, "window", () => this.around(id, seq));
  }

  private async newest(id: Id): Promise<Loaded> {
    const page = await this.parley.history(id, { limit: windowSize });
    return { page: { kind: "window", atStart: !page.hasMore }, messages: page.messages };
  }

  private async around(id: Id, seq: number): Promise<Loaded> {
    const half = windowSize / 2;
    const [before, after] = await Promise.all([
      this.parley.history(id, { before: seq, limit: half }),
      this.parley.history(id, { after: seq - 1, limit: windowSize }),
    ]);
    return { page: { kind: "window", atStart: !before.hasMore }, messages: [...before.messages, ...after.messages] };
  }

  async loadOlder(id: Id): Promise<void> {
    const timeline = this.timeline(id);
    if (!timeline.isLoaded || timeline.atStart || timeline.loading !== undefined) return;
    const before = firstSeq(timeline);
    await this.load(id, "older", async () => {
      const page = await this.parley.history(id, { before, limit: pageSize });
      return { page: { kind: "older", before, hasMore: page.hasMore }, messages: page.messages };
    });
  }

  async loadNewer(id: Id): Promise<void> {
    const timeline = this.timeline(id);
    if (!timeline.isLoaded || timeline.loading !== undefined) return;
    const after = lastSeq(timeline);
    await this.load(id, "newer", async () => {
      const page = await this.parley.history(id, { after, limit: pageSize });
      return { page: { kind: "newer", after }, messages: page.messages };
    });
  }

  private async load(
    id: Id,
    kind: "window" | "older" | "newer",
    fetch: () => Promise<Loaded>,
  ): Promise<void> {
    const load = Symbol(kind);
    this.loads.set(id, load);
    this.store.dispatch({ type: "loadStarted", conversationId: id, kind });
    try {
      const loaded = await fetch();
      if (this.loads.get(id) === load) this.store.dispatch({ type: "pageLoaded", conversationId: id, ...loaded });
    } catch (error) {
      if (this.loads.get(id) !== load) return;
      this.store.dispatch({ type: "loadFailed", conversationId: id });
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
        this.store.dispatch({ type: "conversationGone", id });
      }
    }
  }

  /** Fetches the changes of loaded messages after a revision, until all changes up to `target` are applied. */
  async fetchChanges(id: Id, since: number | undefined, target: number): Promise<void> {
    let revision = since ?? this.store.state.revisions[id] ?? 0;
    for (let page = 0; page < changePages; page += 1) {
      const { messages, hasMore } = await this.parley.changes(id, revision);
      this.store.dispatch({ type: "messages", conversationId: id, messages });
      revision = messages[messages.length - 1]?.revision ?? target;
      if (!hasMore) {
        this.store.dispatch({ type: "caughtUp", conversationId: id, revision: Math.max(revision, target) });
        return;
      }
    }
    this.store.dispatch({ type: "keptDropped", conversationId: id });
    await this.loadNewest(id);
    this.store.dispatch({ type: "caughtUp", conversationId: id, revision: target });
  }

  /** Fetches what has changed in a conversation of which no event tells: one that is hidden. */
  async catchUp(id: Id): Promise<void> {
    try {
      await this.fetchChanges(id, undefined, this.store.state.revisions[id] ?? 0);
    } catch {
      // The next time tries again.
    }
  }

  /** The user has opened a conversation: what they had marked as unread is read. */
  opened(id: Id): void {
    const conversation = this.store.state.conversations[id];
    if (conversation?.me?.markedUnread !== true) return;
    this.store.dispatch({ type: "settingsWished", conversationId: id, wish: { markedUnread: false } });
    this.confirmRead(id, readSeqOf(conversation));
  }

  /** The user has seen everything up to `seq`. */
  markRead(id: Id, seq: number): void {
    const conversation = this.store.state.conversations[id];
    if (conversation === undefined || seq <= readSeqOf(conversation)) return;
    this.store.dispatch({ type: "readHere", conversationId: id, seq });
    this.confirmRead(id, seq);
  }

  private confirmRead(id: Id, seq: number): void {
    this.unconfirmed.set(id, Math.max(seq, this.unconfirmed.get(id) ?? 0));
    this.markTimer ??= setTimeout(() => this.sendMarks(), markDelay);
  }

  /** Tells the server now how far the user has read. */
  sendMarks(): void {
    clearTimeout(this.markTimer);
    this.markTimer = undefined;
    for (const [id, seq] of this.unconfirmed) void this.sendMark(id, seq);
  }

  /** Tells the server now how far the user has read a conversation, and waits for its answer. */
  async sendMarkOf(id: Id): Promise<void> {
    const seq = this.unconfirmed.get(id);
    if (seq !== undefined) await this.sendMark(id, seq);
  }

  private async sendMark(id: Id, seq: number): Promise<void> {
    try {
      await this.parley.markRead(id, seq);
      if (this.unconfirmed.get(id) === seq) this.unconfirmed.delete(id);
    } catch {
      // The next connection sends it again.
    }
  }

  private timeline(id: Id): Timeline {
    return this.store.state.timelines[id] ?? emptyTimeline;
  }
}
