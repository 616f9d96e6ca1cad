import { Id, Message } from "../client/types";
import { isSameDay } from "../lib/time";
import { PendingMessage } from "./state";

/** One line of the message list, with how it stands among its neighbours. */
export interface Row {
  readonly key: string;
  readonly message?: Message;
  readonly pending?: PendingMessage;
  readonly createdAt: string;
  readonly senderId: Id;
  readonly isDayStart: boolean;
  readonly isUnreadStart: boolean;
  /** First and last of a run of messages by one sender. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Messages of one sender further apart than this, in milliseconds, are separate runs. */
const runGap = 5 * 60_000;

/** A message keeps its key from being sent to being acknowledged. */
function keyOf(senderId: Id, message: { id?: Id; clientId?: string }): string {
  return message.clientId === undefined ? message.id ?? "" : `${senderId}:${message.clientId}`;
}

interface Item {
  key: string;
  senderId: Id;
  createdAt: string;
  message?: Message;
  pending?: PendingMessage;
}

/** The rows of a conversation; `unreadSeq` is the first message that was unread when it was opened. */
export function buildRows(
  messages: readonly Message[],
  pending: readonly PendingMessage[],
  meId: Id,
  unreadSeq: number | undefined,
): Row[] {
  const items: Item[] = messages.map((message) => ({
    key: keyOf(message.sender.id, message),
    senderId: message.sender.id,
    createdAt: message.createdAt,
    message,
  }));
  for (const message of pending) {
    items.push({ key: keyOf(meId, message), senderId: meId, createdAt: message.createdAt, pending: message });
  }
  return items.map((item, index) => {
    const isUnreadStart = unreadSeq !== undefined && item.message?.seq === unreadSeq;
    const next = items[index + 1];
    const nextIsUnread = unreadSeq !== undefined && next?.message?.seq === unreadSeq;
    return {
      ...item,
      isDayStart: !isDayShared(items[index - 1], item),
      isUnreadStart,
      isFirst: isUnreadStart || !isRun(items[index - 1], item),
      isLast: nextIsUnread || !isRun(item, next),
    };
  });
}

function isDayShared(a: Item | undefined, b: Item): boolean {
  return a !== undefined && isSameDay(a.createdAt, b.createdAt);
}

function isRun(a: Item | undefined, b: Item | undefined): boolean {
  if (a === undefined || b === undefined || a.senderId !== b.senderId) return false;
  return Date.parse(b.createdAt) - Date.parse(a.createdAt) < runGap && isDayShared(a, b);
}
