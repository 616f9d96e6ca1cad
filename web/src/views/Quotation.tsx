import { useEffect, useMemo } from "react";
import { Conversation, Id } from "../client/types";
import { isFromBlocked } from "../store/state";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { useStore } from "./context";
import { useWriters } from "./useWriters";

/** The message that another one replies to, in a line or two. */
export function Quotation({ id, conversation, onShow }: { id: Id; conversation: Conversation; onShow(seq: number): void }) {
  const writers = useWriters();
  const messages = useStore((state) => state.timelines[conversation.id]?.messages);
  const held = useMemo(() => messages?.find((message) => message.id === id), [messages, id]);
  const kept = useStore((state) => state.kept[id]);
  const meId = useStore((state) => state.me?.id);
  const message = (kept?.revision ?? 0) > (held?.revision ?? 0) ? kept : held;
  const isMissing = message === undefined;
  const isBlocked = useStore((state) => isFromBlocked(state, conversation, message?.sender.id));
  useEffect(() => {
    if (isMissing) void writers.messages.quote(id);
  }, [writers, id, isMissing]);
  if (message === undefined) return <span className="quotation is-missing">{texts.message.unavailable}</span>;
  return (
    <button type="button" className="quotation" onClick={() => onShow(message.seq)} title={texts.message.showQuoted}>
      <bdi className="quotation-name">{message.sender.id === meId ? texts.you : message.sender.displayName}</bdi>
      <bdi className="quotation-text">{isBlocked ? texts.block.message : messageSummary(message)}</bdi>
    </button>
  );
}
