import { createContext, useContext, useSyncExternalStore } from "react";
import { Chat } from "../app/chat";
import { State } from "../store/state";

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
