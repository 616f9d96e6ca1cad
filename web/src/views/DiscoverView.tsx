import { useState } from "react";
import { navigate } from "../app/router";
import * as texts from "../texts";
import { GroupAvatar } from "./Avatar";
import { useChat, useStore } from "./context";
import { Empty, Link, Spinner } from "./controls";
import { PaneHead } from "./PaneHead";
import { SearchBox } from "./SearchBox";
import { useFound } from "./useFound";
import { useManaging } from "./useManaging";

/** Finds public groups to join. */
export function DiscoverView() {
  const chat = useChat();
  const manager = useManaging();
  const mine = useStore((state) => state.conversations);
  const [text, setText] = useState("");
  const [groups] = useFound(text.trim(), (wanted, signal) => manager.publicGroups(wanted, signal));

  const join = (id: string) =>
    void chat.notices.attempt(async () => navigate({ view: "conversation", id: (await manager.join(id)).id }));

  return (
    <main className="pane" aria-label={texts.discover.title}>
      <PaneHead title={texts.discover.title} />
      <div className="pane-body narrow">
        <SearchBox label={texts.discover.search} text={text} onChange={setText} />
        {groups === undefined && <Spinner />}
        {groups?.length === 0 && (
          <Empty
            icon="compass"
            title={text.trim() === "" ? texts.discover.empty : texts.discover.nothing}
            {...(text.trim() === "" ? { text: texts.discover.emptyText } : {})}
          >
            <Link className="button" to={{ view: "newGroup" }}>
              {texts.start.newGroup}
            </Link>
          </Empty>
        )}
        <ul>
          {groups?.map((group) => (
            <li key={group.id} className="group-line">
              <GroupAvatar id={group.id} title={group.title ?? ""} />
              <span className="person-text">
                <bdi className="person-name">{group.title}</bdi>
                <span className="person-note">{texts.conversation.members(group.memberCount)}</span>
              </span>
              {mine[group.id] === undefined ? (
                <button type="button" className="button primary" aria-label={`${texts.discover.join}: ${group.title ?? ""}`} onClick={() => join(group.id)}>
                  {texts.discover.join}
                </button>
              ) : (
                <Link className="button" to={{ view: "conversation", id: group.id }} label={`${texts.discover.open}: ${group.title ?? ""}`}>
                  {texts.discover.open}
                </Link>
              )}
            </li>
          ))}
        </ul>
      </div>
    </main>
  );
}
