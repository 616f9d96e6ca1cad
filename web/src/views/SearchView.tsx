import { useState } from "react";
import { Id } from "../client/types";
import { titleOf } from "../store/state";
import * as texts from "../texts";
import { useStore } from "./context";
import { Empty, Spinner } from "./controls";
import { FoundMessages } from "./FoundMessages";
import { NotFound } from "./NotFound";
import { PaneHead } from "./PaneHead";
import { SearchBox } from "./SearchBox";
import { useConversation } from "./useConversation";
import { useFound } from "./useFound";
import { useManaging } from "./useManaging";

/** Searches the messages of one conversation. The text is kept in the browser's history, so Back restores it. */
export function SearchView({ id }: { id: Id }) {
  const manager = useManaging();
  const meId = useStore((state) => state.me?.id);
  const { conversation, isMissing } = useConversation(id);
  const [text, setText] = useState(() => String((window.history.state as { text?: unknown } | null)?.text ?? ""));
  const wanted = text.trim();
  const [found, setFound] = useFound(wanted, async (q, signal) => ({
    text: q,
    page: q === "" ? { messages: [], hasMore: false } : await manager.search(q, { conversationId: id }, signal),
  }));
  const change = (next: string) => {
    setText(next);
    window.history.replaceState({ text: next }, "");
  };
  if (isMissing) return <NotFound />;
  const isFound = wanted !== "" && found?.text === wanted;
  return (
    <main className="pane" aria-label={texts.conversation.search}>
      <PaneHead title={conversation === undefined ? "" : texts.found.searchIn(titleOf(conversation, meId))} back={{ view: "conversation", id }} isBackAlways />
      <div className="pane-body narrow">
        <SearchBox label={texts.conversation.search} text={text} onChange={change} autoFocus />
        {wanted !== "" && !isFound && <Spinner label={texts.found.searching} />}
        <div role="status">
          {isFound && found.page.messages.length === 0 && (
            <Empty icon="search" title={texts.found.nothingFound(wanted)} text={texts.found.nothingFoundHint} />
          )}
        </div>
        {isFound && (
          <FoundMessages
            text={wanted}
            page={found.page}
            isHere
            find={(before) => manager.search(wanted, { conversationId: id, before })}
            onMore={(page) => setFound((present) => (present?.page === found.page ? { ...present, page } : present))}
          />
        )}
      </div>
    </main>
  );
}
