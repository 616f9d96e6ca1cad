import { createContext, useContext, useMemo, useRef, useSyncExternalStore } from "react";
import { Chat } from "../app/chat";
import { Conversation } from "../client/types";
import { isSameFrame } from "../store/shown";
import { listed, State } from "../store/state";

export const ChatContext = createContext<Chat | undefined>(undefined);

export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (chat === undefined) throw new Error("a view stands outside of ChatContext");
  return chat;
}

/** Selects a part of the state. The view renders again when that part changes. */
export function useStore<T>(select: (state: State) => T): T {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, () => select(store.state));
}

/** The conversations of the user's list. */
export function useListed(): Conversation[] {
  const conversations = useStore((state) => state.conversations);
  const unlisted = useStore((state) => state.unlisted);
  return useMemo(() => listed({ conversations, unlisted }), [conversations, unlisted]);
}

/** A conversation that is another one only where that changes what single messages show. Its marks can be older. */
export function useFrame(conversation: Conversation): Conversation {
  const frame = useRef(conversation);
  if (frame.current !== conversation && !isSameFrame(frame.current, conversation)) frame.current = conversation;
  return frame.current;
}
