import { ApiError } from "../client/errors";
import { Routes } from "../client/routes";
import { Id, Message, SharedItem } from "../client/types";
import type { Chat } from "./chat";
import type { SharedKind } from "./router";

type Direction = "older" | "newer";

const pageSize = { first: 60, further: 200 };

/** What was shared in a conversation, newest first: a part without gaps that grows page by page in both directions. */
export class Shared {
  items: readonly SharedItem[];
  /** Whether the latest page could not be fetched. */
  isBroken = false;
  /** Whether any page was fetched. */
  isLoaded = false;
  /** Whether there is more than `items`. */
  readonly hasMore: Record<Direction, boolean>;

  /** Counts what has happened: whoever shows it renders again. */
  version = 0;

  private readonly cursors: Partial<Record<Direction, string>> = {};
  private readonly loading: Partial<Record<Direction, Promise<boolean>>> = {};
  private following: Promise<void> | undefined;
  private isBehind = false;
  private readonly listeners = new Set<() => void>();

  /** Begins with the items of a message, or else at the end of the conversation. */
  constructor(
    private readonly routes: Pick<Routes, "shared" | "message">,
    readonly conversationId: Id,
    private readonly kind: SharedKind,
    start: readonly SharedItem[] = [],
  ) {
    this.items = start;
    this.hasMore = { older: true, newer: start.length > 0 };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Fetches the next page of a direction, once at a time. Answers whether it came; a failure is in `isBroken` as well. */
  load(direction: Direction): Promise<boolean> {
    const present = this.loading[direction];
    if (present !== undefined) return present;
    const loading = this.fetch(direction)
      .then(
        () => {
          this.isBroken = false;
          this.isLoaded = true;
          return true;
        },
        () => {
          this.isBroken = true;
          return false;
        },
      )
      .then((hasCome) => {
        delete this.loading[direction];
        this.tell();
        return hasCome;
      });
    this.loading[direction] = loading;
    return loading;
  }

  /** Fetches pages of a direction until there is enough, or no more. Answers whether all came. */
  async loadUntil(direction: Direction, isEnough: () => boolean): Promise<boolean> {
    while (!isEnough() && this.hasMore[direction]) if (!(await this.load(direction))) return false;
    return true;
  }

  /** Fetches all that is new, or the first page. What is asked for meanwhile is fetched after that: it may have come too late. */
  follow(): Promise<void> {
    this.isBehind = true;
    this.following ??= this.catchUp().then(() => {
      this.following = undefined;
    });
    return this.following;
  }

  private async catchUp(): Promise<void> {
    while (this.isBehind || this.hasMore.newer) {
      // A page that somebody else has asked for may have been read before that, too.
      await (this.isLoaded ? this.loading.newer : this.loading.older);
      this.isBehind = false;
      if (!(await this.load(this.isLoaded ? "newer" : "older"))) break;
    }
  }

  private async fetch(direction: Direction): Promise<void> {
    // Without an item there is no place to go on from.
    if (direction === "newer" && this.items.length === 0) await this.loading.older;
    const { items } = this;
    const last = items[items.length - 1];
    const cursor = this.cursors[direction];
    const place = direction === "newer" ? { after: items[0]?.seq ?? 0 } : last === undefined ? {} : { before: last.seq };
    const page = await this.routes.shared(this.conversationId, this.kind, {
      ...(cursor === undefined ? place : { cursor }),
      limit: last === undefined ? pageSize.first : pageSize.further,
    });
    if (page.nextCursor === undefined) delete this.cursors[direction];
    else this.cursors[direction] = page.nextCursor;
    this.hasMore[direction] = page.nextCursor !== undefined;
    // The other direction can have brought something meanwhile.
    this.items = direction === "newer" ? [...page.items.slice().reverse(), ...this.items] : [...this.items, ...page.items];
  }

  /** Gives the items of a message new URLs. Answers whether one has another URL than `url` now. */
  async renew(messageId: Id, uploadId: Id, url: string): Promise<boolean> {
    try {
      const { attachments } = await this.routes.message(messageId);
      this.items = this.items.flatMap((item) => {
        if (item.messageId !== messageId || item.attachment === undefined) return [item];
        // A file can be taken out of a message that stays.
        const attachment = attachments.find(({ id }) => id === item.attachment?.id);
        return attachment === undefined ? [] : [{ ...item, attachment }];
      });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) return false;
      this.items = this.items.filter((item) => item.messageId !== messageId);
    }
    this.tell();
    return this.items.some(({ attachment }) => attachment?.id === uploadId && attachment.url !== url);
  }

  private tell(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}

/** All of a kind. */
export function sharedOf(chat: Chat, conversationId: Id, kind: SharedKind): Shared {
  return new Shared(new Routes(chat.parley.http), conversationId, kind);
}

/** Pictures, films and sounds from a message on. */
export function sharedFrom(chat: Chat, message: Message): Shared {
  return new Shared(new Routes(chat.parley.http), message.conversationId, "media", itemsOf(message));
}

/** The pictures, films and sounds of a message, as the server lists them: the last first. */
export function itemsOf({ id: messageId, seq, sender, text, createdAt, attachments }: Message): SharedItem[] {
  const media = attachments.filter(({ kind }) => kind !== "file");
  return media.map((attachment) => ({ messageId, seq, sender, text, createdAt, attachment })).reverse();
}
