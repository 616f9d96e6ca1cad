import { useEffect, useState } from "react";
import { Conversation, Id } from "../client/types";
import { isOutside } from "../store/state";
import { useChat, useStore } from "./context";

interface Known {
  conversation: Conversation | undefined;
  isMissing: boolean;
  /** A public group seen from outside. */
  preview: Conversation | undefined;
}

/**
 * The conversation of an address. If it is not known, the server is asked.
 * `isMissing` means that there is none, or that the user may not see it.
 */
export function useConversation(id: Id): Known {
  const chat = useChat();
  const conversation = useStore((state) => state.conversations[id]);
  const isOnline = useStore((state) => state.connection === "online");
  const [isAsked, setAsked] = useState(false);
  const [preview, setPreview] = useState<Conversation>();
  const isKnown = conversation !== undefined;
  useEffect(() => {
    if (isKnown || !isOnline || isAsked) return undefined;
    let isCurrent = true;
    void chat.conversations.look(id).then((found) => {
      if (!isCurrent) return;
      setPreview(found !== undefined && isOutside(found) ? found : undefined);
      setAsked(true);
    });
    return () => {
      isCurrent = false;
    };
  }, [chat, id, isKnown, isOnline, isAsked]);
  return { conversation, isMissing: isAsked && !isKnown, preview };
}
