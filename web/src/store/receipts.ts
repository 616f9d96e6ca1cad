import { Conversation, Message, User } from "../client/types";

/** Who has read a message, whom it has only reached, and whom not even that. */
export interface Receipts {
  readonly read: readonly User[];
  readonly delivered: readonly User[];
  readonly sent: readonly User[];
}

/** The receipts of a message; undefined where not all members are known. Closed accounts read nothing any more. */
export function receipts(message: Message, { members, memberCount }: Conversation): Receipts | undefined {
  if (members.length < memberCount) return undefined;
  const others = members.filter(({ user }) => user.id !== message.sender.id && user.closed !== true);
  const { seq } = message;
  const users = (is: (member: (typeof others)[number]) => boolean) => others.filter(is).map(({ user }) => user);
  return {
    read: users(({ readSeq }) => readSeq >= seq),
    delivered: users(({ readSeq, deliveredSeq }) => readSeq < seq && deliveredSeq >= seq),
    sent: users(({ readSeq, deliveredSeq }) => Math.max(readSeq, deliveredSeq) < seq),
  };
}
