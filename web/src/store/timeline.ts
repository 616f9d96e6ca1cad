import { Message, Reaction, ReactionChange } from "../client/types";

/**
 * The loaded part of a conversation's history, without gaps and ascending by `seq`. If it reaches the end, it grows with
 * new messages. Otherwise it is a window in the past, which pages extend.
 */
export interface Timeline {
  readonly messages: readonly Message[];
  /** Whether the first message of the conversation is loaded. */
  readonly atStart: boolean;
  readonly loading: "window" | "older" | "newer" | undefined;
  /** Whether the first window was loaded. */
  readonly isLoaded: boolean;
  /** Whether the last load failed. */
  readonly isBroken: boolean;
  /** Messages that arrived during a load, or before an earlier message that is still missing. */
  readonly held: readonly Message[];
}

export const emptyTimeline: Timeline = {
  messages: [],
  atStart: false,
  loading: undefined,
  isLoaded: false,
  isBroken: false,
  held: [],
};

/** At most this many messages are held. A page brings back the ones that are dropped. */
const heldLimit = 200;

/** The index of the first message with at least this `seq`. */
export function lowerBound(messages: readonly Message[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((messages[middle]?.seq ?? Infinity) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function findBySeq(messages: readonly Message[], seq: number): Message | undefined {
  const message = messages[lowerBound(messages, seq)];
  return message?.seq === seq ? message : undefined;
}

export function firstSeq(timeline: Timeline): number {
  return timeline.messages[0]?.seq ?? 1;
}

export function lastSeq(timeline: Timeline): number {
  return timeline.messages[timeline.messages.length - 1]?.seq ?? 0;
}

/** The newer of two versions of a message. */
export function newest(message: Message, other: Message | undefined): Message {
  return other !== undefined && other.revision > message.revision ? other : message;
}

/** Whether this is the same message with new URLs of its files. The later answer has the valid ones. */
function isRenewed(present: Message, message: Message): boolean {
  return present.revision === message.revision && present.attachments.some((upload, index) => upload.url !== message.attachments[index]?.url);
}

/** Takes in messages in any order. Newer revisions replace older ones, the next message is appended, the rest is held. */
export function applyMessages(timeline: Timeline, incoming: readonly Message[]): Timeline {
  if (incoming.length === 0) return timeline;
  const messages = timeline.messages.slice();
  const held: Message[] = [];
  let isChanged = false;
  const ordered = [...timeline.held, ...incoming].sort((a, b) => a.seq - b.seq || a.revision - b.revision);
  for (const message of ordered) {
    const index = lowerBound(messages, message.seq);
    const present = messages[index];
    const end = messages[messages.length - 1]?.seq ?? 0;
    if (present?.seq === message.seq) {
      if (present.revision < message.revision || isRenewed(present, message)) {
        messages[index] = withLaterReactions(message, present);
        isChanged = true;
      }
      if (timeline.loading !== undefined) held.push(message);
    } else if (timeline.isLoaded && message.seq === end + 1 && timeline.loading !== "window") {
      messages.push(message);
      isChanged = true;
    } else if (message.seq > end || timeline.loading !== undefined) {
      held.push(message);
    }
  }
  if (!isChanged && held.length === 0 && timeline.held.length === 0) return timeline;
  return { ...timeline, messages: isChanged ? messages : timeline.messages, held: held.slice(-heldLimit) };
}

/** Keeps the reactions of a `message:reactions` that is later than the message that now arrives. */
function withLaterReactions(message: Message, present: Message): Message {
  if ((present.reactionsRevision ?? 0) <= message.revision) return message;
  return { ...message, reactions: present.reactions, reactionsRevision: present.reactionsRevision };
}

/** Applies one user's reaction to a message, if that is loaded. */
export function applyReaction(timeline: Timeline, change: ReactionChange): Timeline {
  const apply = (message: Message): Message => {
    const isKnown = change.revision <= Math.max(message.revision, message.reactionsRevision ?? 0);
    if (message.id !== change.messageId || isKnown) return message;
    return { ...message, reactions: changedReactions(message.reactions, change), reactionsRevision: change.revision };
  };
  return { ...timeline, messages: timeline.messages.map(apply), held: timeline.held.map(apply) };
}

export function changedReactions(
  reactions: Reaction[],
  { emoji, userId, add }: Pick<ReactionChange, "emoji" | "userId" | "add">,
): Reaction[] {
  const present = reactions.find((reaction) => reaction.emoji === emoji);
  if (present === undefined) return add ? [...reactions, { emoji, userIds: [userId] }] : reactions;
  const others = present.userIds.filter((id) => id !== userId);
  const userIds = add ? [...others, userId] : others;
  return reactions
    .map((reaction) => (reaction === present ? { emoji, userIds } : reaction))
    .filter((reaction) => reaction.userIds.length > 0);
}

export type PageKind =
  /** The page replaces what is loaded. */
  | { kind: "window"; atStart: boolean }
  | { kind: "older"; before: number; hasMore: boolean }
  | { kind: "newer"; after: number };

/** Takes in a page of history. It is dropped if it no longer adjoins what is loaded. */
export function applyPage(timeline: Timeline, page: PageKind, messages: readonly Message[]): Timeline {
  const settled = { ...timeline, loading: undefined, isBroken: false, held: [] };
  let next: Timeline;
  switch (page.kind) {
    case "window":
      // An earlier load may have been answered later than changes.
      next = { ...settled, messages: messages.map((message) => newest(message, findBySeq(timeline.messages, message.seq))), atStart: page.atStart, isLoaded: true };
      break;
    case "older":
      if (timeline.loading !== "older" || page.before !== firstSeq(timeline)) return timeline;
      next = { ...settled, messages: [...messages, ...timeline.messages], atStart: !page.hasMore };
      break;
    case "newer": {
      if (timeline.loading !== "newer" || page.after > lastSeq(timeline)) return timeline;
      const added = messages.filter((message) => message.seq > lastSeq(timeline));
      next = { ...settled, messages: [...timeline.messages, ...added] };
      break;
    }
  }
  return applyMessages(next, timeline.held);
}
