import { createContext, useContext, useSyncExternalStore } from "react";
import { Chat } from "../app/chat";
import { State } from "../store/state";

export const ChatContext = createContext<Chat | undefined>(undefined);

export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (chat === undefined) throw new Error("a view stands outside of ChatContext");
  return chat;
}

/** Part of the state; the view is rendered again when `select` answers something else than before. */
export function useStore<T>(select: (state: State) => T): T {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, () => select(store.state));
}
