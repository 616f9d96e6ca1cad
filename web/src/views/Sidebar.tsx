import { useMemo, useState } from "react";
import { Id } from "../client/types";
import { lostWords } from "../store/lost";
import { activity } from "../store/state";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { Extra, Fetched } from "./Chunk";
import { ConversationItem } from "./ConversationItem";
import { useListed, useStore } from "./context";
import { Empty, Link, Spinner } from "./controls";
import { Icon } from "./icons";
import { LostItems, SearchResults } from "./lazy";
import { SearchBox } from "./SearchBox";

/** The list of conversations, and a search for conversations, people and messages. */
export function Sidebar({ selected, isMain }: { selected: Id | undefined; isMain: boolean }) {
  const me = useStore((state) => state.me);
  const [text, setText] = useState("");
  return (
    // On a phone this can be the whole page; it is then the main landmark.
    <div className="sidebar" role={isMain ? "main" : "navigation"} aria-label={texts.sidebar.label}>
      <div className="sidebar-head">
        <Link to={{ view: "profile" }} label={texts.sidebar.profile} className="sidebar-me">
          {me !== undefined && <Avatar user={me} size="small" />}
        </Link>
        <h1>{texts.appName}</h1>
        <Link to={{ view: "discover" }} label={texts.sidebar.discover} className="icon-button">
          <Icon name="compass" />
        </Link>
        <Link to={{ view: "newChat" }} label={texts.sidebar.newChat} className="icon-button">
          <Icon name="newChat" />
        </Link>
      </div>
      <SearchBox label={texts.sidebar.search} text={text} onChange={setText} />
      {text.trim() === "" ? (
        <ConversationList selected={selected} />
      ) : (
        <Fetched>
          <SearchResults text={text.trim()} selected={selected} onDone={() => setText("")} />
        </Fetched>
      )}
    </div>
  );
}

function ConversationList({ selected }: { selected: Id | undefined }) {
  const conversations = useListed();
  const isLoaded = useStore((state) => state.isListLoaded);
  const ordered = useMemo(
    () => conversations.slice().sort((a, b) => activity(b).localeCompare(activity(a))),
    [conversations],
  );
  const lost = useLost();
  if (ordered.length === 0 && !(isLoaded && lost.size > 0)) {
    return isLoaded ? (
      <Empty icon="newChat" title={texts.sidebar.emptyTitle} text={texts.sidebar.emptyText}>
        <Link className="button primary" to={{ view: "newChat" }}>
          {texts.sidebar.newChat}
        </Link>
      </Empty>
    ) : (
      <Spinner />
    );
  }
  return (
    <ul className="conversation-list">
      {isLoaded && lost.size > 0 && (
        <Extra>
          <LostItems lost={lost} selected={selected} />
        </Extra>
      )}
      {ordered.map((conversation) => (
        <li key={conversation.id}>
          <ConversationItem conversation={conversation} isSelected={conversation.id === selected} />
        </li>
      ))}
    </ul>
  );
}

function useLost(): ReadonlyMap<Id, string> {
  const pending = useStore((state) => state.pending);
  const acts = useStore((state) => state.acts);
  const drafts = useStore((state) => state.drafts);
  const conversations = useStore((state) => state.conversations);
  const unlisted = useStore((state) => state.unlisted);
  return useMemo(() => lostWords({ pending, acts, drafts, conversations, unlisted }), [pending, acts, drafts, conversations, unlisted]);
}
