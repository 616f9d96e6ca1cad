import { GroupNotice, Id, Message } from "../client/types";
import { foldedNotices } from "./notices";
import { PendingMessage } from "./state";
import { lowerBound } from "./timeline";

/** One row of the message list, and how it relates to its neighbors. */
export interface Row {
  readonly key: string;
  readonly message?: Message;
  readonly pending?: PendingMessage;
  readonly createdAt: string;
  readonly senderId: Id;
  readonly isDayStart: boolean;
  readonly isUnreadStart: boolean;
  /** Whether it is the first or the last of a run of messages by one sender. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** What happened to the group between the message before and this one; and since the last one. */
  readonly above: readonly GroupNotice[];
  readonly below: readonly GroupNotice[];
}

const none: readonly GroupNotice[] = [];

/** What depends on the rows around it, and on what happened in between. */
type Place = Pick<Row, "isDayStart" | "isUnreadStart" | "isFirst" | "isLast" | "above" | "below">;

/** Two messages of one sender that are further apart than this, in milliseconds, are separate runs. */
const runGap = 5 * 60_000;

/** The key of a row. It stays the same when a pending message is acknowledged. */
function keyOf(senderId: Id, message: { id?: Id; clientId?: string }): string {
  return message.clientId === undefined ? message.id ?? "" : `${senderId}:${message.clientId}`;
}

interface Item {
  readonly source: Message | PendingMessage;
  readonly row: Omit<Row, keyof Place>;
  readonly seq: number | undefined;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** A number for the day in the local calendar. */
  readonly day: number;
  /** The row that was built last. */
  last?: Row;
}

/**
 * Builds the rows of a conversation each time it changes. Items and unchanged rows are reused, because every new message
 * goes through the whole list, which can have 50,000 messages.
 */
export class RowBuilder {
  private items: Item[] = [];
  private today = "";
  private notices = none;
  private happened: ReadonlyMap<number, readonly GroupNotice[]> = new Map();

  /** `unreadSeq` is the first message that was unread when the conversation was opened. */
  build(
    messages: readonly Message[],
    pending: readonly PendingMessage[],
    meId: Id,
    unreadSeq: number | undefined,
    today = "",
    notices: readonly GroupNotice[] = none,
  ): Row[] {
    // Which day a message is of depends on the time zone, and so may have changed with it.
    if (today !== this.today) this.items = [];
    if (today !== this.today || notices !== this.notices) this.happened = bySeq(notices);
    this.notices = notices;
    this.today = today;
    // Pages are added at either end, so all earlier items have moved by the same distance.
    const first = this.items[0]?.seq;
    const shift = first === undefined ? 0 : lowerBound(messages, first);
    const items: Item[] = messages.map((message, index) => {
      const present = this.items[index - shift];
      return present?.source === message ? present : messageItem(message);
    });
    for (const message of pending) items.push(pendingItem(message, meId));
    this.items = items;
    const { happened } = this;
    /** What stands above a row: below the last message that the server has, if it is the first one on its way. */
    const above = (index: number): readonly GroupNotice[] => {
      const item = items[index];
      if (item === undefined || happened.size === 0) return none;
      const before = item.seq === undefined ? items[index - 1]?.seq : item.seq - 1;
      return before === undefined ? none : happened.get(before) ?? none;
    };
    return items.map((item, index) => {
      const previous = items[index - 1];
      const next = items[index + 1];
      const isUnreadStart = unreadSeq !== undefined && item.seq === unreadSeq;
      return rowOf(item, {
        isDayStart: previous?.day !== item.day,
        isUnreadStart,
        isFirst: isUnreadStart || above(index) !== none || !isRun(previous, item),
        isLast: (unreadSeq !== undefined && next?.seq === unreadSeq) || above(index + 1) !== none || !isRun(item, next),
        above: above(index),
        below: next === undefined && item.seq !== undefined ? happened.get(item.seq) ?? none : none,
      });
    });
  }
}

function messageItem(message: Message): Item {
  const { createdAt, sender, seq } = message;
  return { source: message, row: { key: keyOf(sender.id, message), senderId: sender.id, createdAt, message }, seq, ...moment(createdAt) };
}

function pendingItem(pending: PendingMessage, meId: Id): Item {
  const { createdAt } = pending;
  return { source: pending, row: { key: keyOf(meId, pending), senderId: meId, createdAt, pending }, seq: undefined, ...moment(createdAt) };
}

function moment(time: string): { time: number; day: number } {
  const date = new Date(time);
  return { time: date.getTime(), day: (date.getFullYear() * 12 + date.getMonth()) * 31 + date.getDate() };
}

function bySeq(notices: readonly GroupNotice[]): ReadonlyMap<number, readonly GroupNotice[]> {
  const table = new Map<number, GroupNotice[]>();
  for (const notice of notices) {
    const present = table.get(notice.seq);
    if (present === undefined) table.set(notice.seq, [notice]);
    else present.push(notice);
  }
  return new Map([...table].map(([seq, those]) => [seq, foldedNotices(those)]));
}

function asText(notice: GroupNotice | undefined): string {
  return JSON.stringify(notice);
}

function isSame(a: readonly GroupNotice[], b: readonly GroupNotice[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((notice, index) => notice === b[index] || asText(notice) === asText(b[index]));
}

function rowOf(item: Item, place: Place): Row {
  const { last } = item;
  if (
    last?.isDayStart === place.isDayStart &&
    last.isUnreadStart === place.isUnreadStart &&
    last.isFirst === place.isFirst &&
    last.isLast === place.isLast &&
    isSame(last.above, place.above) &&
    isSame(last.below, place.below)
  ) {
    return last;
  }
  item.last = { ...item.row, ...place };
  return item.last;
}

function isRun(a: Item | undefined, b: Item | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.row.senderId === b.row.senderId && a.day === b.day && b.time - a.time < runGap;
}
