import { ApiError } from "../client/errors";
import { Parley } from "../client/parley";
import { Id, Message } from "../client/types";
import { readSeqOf } from "../store/counts";
import { Store } from "../store/store";
import { emptyTimeline, findBySeq, firstSeq, lastSeq, PageKind, Timeline } from "../store/timeline";

/** The number of messages in the first window, and in each further page. */
const windowSize = 50;
const pageSize = 100;

/** After this many pages of changes, the history is loaded again instead. */
const changePages = 10;

/** Read marks are collected this long before they are sent, in milliseconds. */
const markDelay = 250;

/** Loads the history of conversations, and tells the server how far the user has read. */
export class Reading {
  /** How far the user has read here, where that is not acknowledged. */
  private readonly unconfirmed = new Map<Id, number>();
  private markTimer: ReturnType<typeof setTimeout> | undefined;
  /** The latest load of each conversation. Only its answer counts: earlier ones may know less. */
  private readonly loads = new Map<Id, symbol>();

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  clear(): void {
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
    const conversation = this.store.state.conversations[id];
    if (conversation === undefined) return;
    const timeline = this.timeline(id);
    if (timeline.loading === "window") return;
    if (seq !== undefined) {
      if (findBySeq(timeline.messages, seq) === undefined) await this.loadAround(id, seq);
      return;
    }
    if (timeline.isLoaded) return;
    if (conversation.unreadCount > windowSize - 10) await this.loadAround(id, readSeqOf(conversation) + 1);
    else await this.loadNewest(id);
  }

  async loadNewest(id: Id): Promise<void> {
    await this.load(id, "window", async () => {
      const page = await this.parley.history(id, { limit: windowSize });
      return { page: { kind: "window", atStart: !page.hasMore }, messages: page.messages };
    });
  }

  private async loadAround(id: Id, seq: number): Promise<void> {
    await this.load(id, "window", async () => {
      const half = windowSize / 2;
      const [before, after] = await Promise.all([
        this.parley.history(id, { before: seq, limit: half }),
        this.parley.history(id, { after: seq - 1, limit: windowSize }),
      ]);
      return { page: { kind: "window", atStart: !before.hasMore }, messages: [...before.messages, ...after.messages] };
    });
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
    fetch: () => Promise<{ page: PageKind; messages: Message[] }>,
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

  /** The user has seen everything up to `seq`. */
  markRead(id: Id, seq: number): void {
    const conversation = this.store.state.conversations[id];
    if (conversation === undefined || seq <= readSeqOf(conversation)) return;
    this.unconfirmed.set(id, seq);
    this.store.dispatch({ type: "readHere", conversationId: id, seq });
    this.markTimer ??= setTimeout(() => this.sendMarks(), markDelay);
  }

  /** Tells the server now how far the user has read. */
  sendMarks(): void {
    clearTimeout(this.markTimer);
    this.markTimer = undefined;
    for (const [id, seq] of this.unconfirmed) {
      this.parley.markRead(id, seq).then(
        () => {
          if (this.unconfirmed.get(id) === seq) this.unconfirmed.delete(id);
        },
        // The next connection sends it again.
        () => {},
      );
    }
  }

  private timeline(id: Id): Timeline {
    return this.store.state.timelines[id] ?? emptyTimeline;
  }
}
