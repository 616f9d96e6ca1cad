import { Conversation, Id, SharedItem } from "../client/types";
import { isFromBlocked, State } from "../store/state";

/** Where an item is, or was. */
export interface Place {
  readonly key: string;
  readonly messageId: Id;
  readonly seq: number;
}

export function keyOf({ messageId, attachment }: SharedItem): string {
  return `${messageId}/${attachment?.id ?? ""}`;
}

export function placeOf(item: SharedItem): Place {
  return { key: keyOf(item), messageId: item.messageId, seq: item.seq };
}

/**
 * The items as their messages are by now: without those that are gone, and with their words. Where messages of blocked people
 * are folded, their items are left out, but for those of a message that was opened.
 */
export function presentItems(
  items: readonly SharedItem[],
  state: Pick<State, "kept" | "blocked">,
  conversation: Pick<Conversation, "kind">,
  openedId?: Id,
): SharedItem[] {
  return items.flatMap((item) => {
    if (item.messageId !== openedId && isFromBlocked(state, conversation, item.sender.id)) return [];
    const message = state.kept[item.messageId];
    if (message === undefined) return [item];
    const { attachment } = item;
    const isThere = message.deletedAt === undefined && (attachment === undefined || message.attachments.some(({ id }) => id === attachment.id));
    return isThere ? [{ ...item, text: message.text }] : [];
  });
}

/** What can be walked through, oldest first. A sound is looked at only where it was opened. */
export function walkable(items: readonly SharedItem[], current: string): SharedItem[] {
  return items.filter((item) => item.attachment?.kind === "image" || item.attachment?.kind === "video" || keyOf(item) === current).reverse();
}

/** Where an item is among those that can be walked through. If it is gone, it is where the next one is, or the last. */
export function indexAt(items: readonly SharedItem[], { key, seq }: Place): number {
  const found = items.findIndex((item) => keyOf(item) === key);
  if (found >= 0) return found;
  const next = items.findIndex((item) => item.seq >= seq);
  return next < 0 ? items.length - 1 : next;
}

/** The item before or after a place, whether that has an item or not. */
export function itemBeside(items: readonly SharedItem[], { key, seq }: Place, by: 1 | -1): SharedItem | undefined {
  const found = items.findIndex((item) => keyOf(item) === key);
  if (found >= 0) return items[found + by];
  return by > 0 ? items.find((item) => item.seq >= seq) : items.filter((item) => item.seq < seq).pop();
}
