import { useMemo, useSyncExternalStore } from "react";
import { Shared } from "../app/shared";
import { presentItems } from "../app/sharedItems";
import { Id, SharedItem } from "../client/types";
import * as texts from "../texts";
import { useStore } from "./context";

/** What is there by now, newest first. Of a message that was opened it is shown whoever sent it. */
export function useShared(shared: Shared, openedId?: Id): readonly SharedItem[] {
  useSyncExternalStore(shared.subscribe, () => shared.version);
  const { items, conversationId } = shared;
  const kept = useStore((state) => state.kept);
  const blocked = useStore((state) => state.blocked);
  const kind = useStore((state) => state.conversations[conversationId]?.kind ?? "group");
  return useMemo(() => presentItems(items, { kept, blocked }, { kind }, openedId), [items, kept, blocked, kind, openedId]);
}

/** How somebody is called who shared something. */
export function useSenderName({ sender }: SharedItem): string {
  return useStore((state) => (state.me?.id === sender.id ? texts.you : state.people[sender.id]?.displayName ?? sender.displayName));
}
