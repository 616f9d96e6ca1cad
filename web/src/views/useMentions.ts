import { useEffect, useMemo } from "react";
import { Conversation, Message } from "../client/types";
import { nameOf, ownRole, PendingMessage } from "../store/state";
import * as texts from "../texts";
import { useChat, useStore } from "./context";

/** Whom a text mentions, by user name in lower case. */
export type Mentions = ReadonlyMap<string, Mentioned>;

export interface Mentioned {
  readonly name: string;
  readonly isMe: boolean;
}

/** Whom a message mentions; one that is not sent yet, as the server will probably see it. */
export function useMentions(message: Message | undefined, pending: PendingMessage | undefined, conversation: Conversation): Mentions | undefined {
  const chat = useChat();
  const { mentions, mentionsAll } = message ?? {};
  const isBegun = pending?.text.includes("@") === true;
  const hasAny = isBegun || mentions !== undefined || mentionsAll === true;
  const me = useStore((state) => state.me);
  const people = useStore((state) => (hasAny ? state.people : undefined));
  const { members, kind } = conversation;
  const callsAll = mentionsAll === true || (isBegun && kind === "group" && ownRole(conversation) !== "member");
  useEffect(() => {
    const { state } = chat.store;
    void chat.resolve((mentions ?? []).filter((id) => nameOf(state, conversation, id) === undefined));
  }, [chat, mentions, conversation]);
  return useMemo(() => {
    if (people === undefined) return undefined;
    const listed = new Map(members.map(({ user }) => [user.id, user]));
    const found = new Map<string, Mentioned>();
    for (const id of isBegun ? listed.keys() : mentions ?? []) {
      const user = id === me?.id ? me : people[id] ?? listed.get(id);
      if (user !== undefined) found.set(user.username, { name: user.displayName, isMe: user.id === me?.id });
    }
    if (callsAll) found.set("all", { name: texts.message.everybody, isMe: message !== undefined && message.sender.id !== me?.id });
    return found;
  }, [people, members, mentions, me, isBegun, callsAll, message]);
}
