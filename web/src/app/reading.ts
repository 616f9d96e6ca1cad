import { ApiError } from "../client/errors";
import { Id, Message, Upload } from "../client/types";
import { memberOf } from "../store/state";
import { emptyTimeline, findBySeq, firstSeq, lastSeq, PageKind, Timeline } from "../store/timeline";
import type { Chat } from "./chat";

/** Messages of the first window, and of each page that scrolling asks for. */
const windowSize = 50;
const pageSize = 100;

/** How many pages of changes are fetched after an absence before the history is loaded anew instead. */
const changePages = 10;

/** Marks gather this long, in milliseconds, while somebody scrolls. */
const markDelay = 250;

/** Loads history, and says how far it has been read. */
export class Reading {
  /** How far each conversation has been read here, and which of it the server has not acknowledged. */
  private readonly marked = new Map<Id, number>();
  private readonly unconfirmed = new Set<Id>();
  private markTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly renewing = new Map<Id, Promise<Message | undefined>>();

  constructor(private readonly chat: Chat) {}

  clear(): void {
    clearTimeout(this.markTimer);
    this.markTimer = undefined;
    this.marked.clear();
    this.unconfirmed.clear();
  }

  connected(): void {
    this.sendMarks();
    for (const [id, timeline] of Object.entries(this.chat.store.state.timelines)) {
      if (timeline.isBroken && !timeline.isLoaded) void this.open(id);
    }
  }

  /** Makes a conversation, and the place `seq` in it, present; without a place, where reading was left off or the end. */
  async open(id: Id, seq?: number): Promise<void> {
    const { store } = this.chat;
    const conversation = store.state.conversations[id];
    if (conversation === undefined) return;
    const timeline = this.timeline(id);
    if (timeline.loading === "window") return;
    if (seq !== undefined) {
      if (findBySeq(timeline.messages, seq) === undefined) await this.loadAround(id, seq);
      return;
    }
    if (timeline.isLoaded) return;
    const { unreadCount } = conversation;
    const readSeq = memberOf(conversation, store.state.me?.id)?.readSeq;
    if (unreadCount > windowSize - 10 && readSeq !== undefined && readSeq > 0) await this.loadAround(id, readSeq + 1);
    else await this.loadNewest(id);
  }

  async loadNewest(id: Id): Promise<void> {
    await this.load(id, "window", async () => {
      const page = await this.chat.parley.history(id, { limit: windowSize });
      return { page: { kind: "window", atStart: !page.hasMore }, messages: page.messages };
    });
  }

  private async loadAround(id: Id, seq: number): Promise<void> {
    await this.load(id, "window", async () => {
      const half = windowSize / 2;
      const [before, after] = await Promise.all([
        this.chat.parley.history(id, { before: seq, limit: half }),
        this.chat.parley.history(id, { after: seq - 1, limit: windowSize }),
      ]);
      return { page: { kind: "window", atStart: !before.hasMore }, messages: [...before.messages, ...after.messages] };
    });
  }

  async loadOlder(id: Id): Promise<void> {
    const timeline = this.timeline(id);
    if (!timeline.isLoaded || timeline.atStart || timeline.loading !== undefined) return;
    const before = firstSeq(timeline);
    await this.load(id, "older", async () => {
      const page = await this.chat.parley.history(id, { before, limit: pageSize });
      return { page: { kind: "older", before, hasMore: page.hasMore }, messages: page.messages };
    });
  }

  async loadNewer(id: Id): Promise<void> {
    const timeline = this.timeline(id);
    if (!timeline.isLoaded || timeline.loading !== undefined) return;
    const after = lastSeq(timeline);
    await this.load(id, "newer", async () => {
      const page = await this.chat.parley.history(id, { after, limit: pageSize });
      return { page: { kind: "newer", after }, messages: page.messages };
    });
  }

  private async load(
    id: Id,
    kind: "window" | "older" | "newer",
    fetch: () => Promise<{ page: PageKind; messages: Message[] }>,
  ): Promise<void> {
    this.chat.store.dispatch({ type: "loadStarted", conversationId: id, kind });
    try {
      this.chat.store.dispatch({ type: "pageLoaded", conversationId: id, ...(await fetch()) });
    } catch (error) {
      this.chat.store.dispatch({ type: "loadFailed", conversationId: id });
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
        this.chat.store.dispatch({ type: "conversationGone", id });
      }
    }
  }

  /** Fetches what has changed past a revision, for the messages that are held, until all up to `target` is applied. */
  async fetchChanges(id: Id, since: number | undefined, target: number): Promise<void> {
    const { store, parley } = this.chat;
    let revision = since ?? store.state.revisions[id] ?? 0;
    for (let page = 0; page < changePages; page += 1) {
      const { messages, hasMore } = await parley.changes(id, revision);
      store.dispatch({ type: "messages", conversationId: id, messages });
      revision = messages[messages.length - 1]?.revision ?? target;
      if (!hasMore) {
        store.dispatch({ type: "caughtUp", conversationId: id, revision: Math.max(revision, target) });
        return;
      }
    }
    await this.loadNewest(id);
    store.dispatch({ type: "caughtUp", conversationId: id, revision: target });
  }

  /** Fetches an answered message that is not at hand. */
  async quote(messageId: Id): Promise<void> {
    try {
      this.chat.store.dispatch({ type: "quoted", message: await this.chat.parley.message(messageId) });
    } catch {
      // The quotation then says that its message is not available.
    }
  }

  /**
   * Asks for a message anew, once at a time: the URLs of its files have ended, by their age or because somebody was
   * removed from the conversation.
   */
  private renew(messageId: Id): Promise<Message | undefined> {
    const present = this.renewing.get(messageId);
    if (present !== undefined) return present;
    const renewing = this.fetchAnew(messageId).finally(() => this.renewing.delete(messageId));
    this.renewing.set(messageId, renewing);
    return renewing;
  }

  private async fetchAnew(messageId: Id): Promise<Message | undefined> {
    try {
      const message = await this.chat.parley.message(messageId);
      this.chat.store.dispatch({ type: "messages", conversationId: message.conversationId, messages: [message] });
      return message;
    } catch {
      return undefined;
    }
  }

  /** Answers whether an upload of the message has another URL now. */
  async renewUpload(message: Message, { id, url }: Upload): Promise<boolean> {
    const renewed = await this.renew(message.id);
    return renewed?.attachments.some((upload) => upload.id === id && upload.url !== url) === true;
  }

  /** Saves a file of a message, also where its URL has ended meanwhile. */
  async download(message: Message, { id, name, url }: Upload): Promise<void> {
    const answer = await fetch(url, { method: "HEAD" }).catch(() => undefined);
    const renewed = answer?.status === 401 ? await this.renew(message.id) : undefined;
    const link = document.createElement("a");
    link.href = renewed?.attachments.find((upload) => upload.id === id)?.url ?? url;
    link.download = name;
    link.click();
  }

  /** Everything up to `seq` has been seen. */
  markRead(id: Id, seq: number): void {
    const { store } = this.chat;
    const conversation = store.state.conversations[id];
    if (conversation === undefined) return;
    const readSeq = memberOf(conversation, store.state.me?.id)?.readSeq ?? 0;
    if (seq <= Math.max(readSeq, this.marked.get(id) ?? 0)) return;
    this.marked.set(id, seq);
    this.unconfirmed.add(id);
    store.dispatch({ type: "readHere", conversationId: id, seq });
    this.markTimer ??= setTimeout(() => this.sendMarks(), markDelay);
  }

  private sendMarks(): void {
    clearTimeout(this.markTimer);
    this.markTimer = undefined;
    for (const id of this.unconfirmed) {
      const seq = this.marked.get(id) ?? 0;
      this.chat.parley.markRead(id, seq).then(
        () => {
          if (this.marked.get(id) === seq) this.unconfirmed.delete(id);
        },
        // It is sent again with the next connection.
        () => {},
      );
    }
  }

  private timeline(id: Id): Timeline {
    return this.chat.store.state.timelines[id] ?? emptyTimeline;
  }
}
