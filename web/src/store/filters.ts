import { Conversation } from "../client/types";
import { isToRead, mentionsIn } from "./state";

/** What the list of conversations shows. */
export const filters = ["all", "unread", "mentions", "archived"] as const;

export type Filter = (typeof filters)[number];

/** Archived conversations stand apart, whatever comes, until the user takes them back. A mention in one is not missed. */
export function passes(conversation: Conversation, filter: Filter): boolean {
  const isApart = isArchived(conversation);
  switch (filter) {
    case "all":
      return !isApart;
    case "unread":
      return !isApart && (isToRead(conversation) || conversation.invitation !== undefined);
    case "mentions":
      return mentionsIn(conversation) > 0;
    case "archived":
      return isApart;
  }
}

export function isArchived({ me }: Conversation): boolean {
  return me?.archived === true;
}
