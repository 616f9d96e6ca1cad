import { useState } from "react";
import { Id } from "../client/types";
import { Filter, filters, isArchived } from "../store/filters";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { Fetched } from "./Chunk";
import { ConversationList } from "./ConversationList";
import { useStore } from "./context";
import { Link } from "./controls";
import { Icon } from "./icons";
import { SearchResults } from "./lazy";
import { SearchBox } from "./SearchBox";

/** The list of conversations, and a search for conversations, people and messages. */
export function Sidebar({ selected, isMain }: { selected: Id | undefined; isMain: boolean }) {
  const me = useStore((state) => state.me);
  const [text, setText] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const hasArchived = useStore((state) => Object.values(state.conversations).some((each) => isArchived(each) && state.unlisted[each.id] !== true));
  const offered = filters.filter((each) => each !== "archived" || hasArchived || filter === "archived");
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
        <>
          <div className="filters" role="group" aria-label={texts.sidebar.filter}>
            {offered.map((each) => (
              <button key={each} type="button" aria-pressed={each === filter} onClick={() => setFilter(each)}>
                {texts.sidebar.filters[each]}
              </button>
            ))}
          </div>
          <ConversationList selected={selected} filter={filter} />
        </>
      ) : (
        <Fetched>
          <SearchResults text={text.trim()} selected={selected} onDone={() => setText("")} />
        </Fetched>
      )}
    </div>
  );
}
