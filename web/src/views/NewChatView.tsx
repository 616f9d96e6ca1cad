import { navigate } from "../app/router";
import { User } from "../client/types";
import * as texts from "../texts";
import { useChat } from "./context";
import { Link } from "./controls";
import { Icon } from "./icons";
import { PaneHead } from "./PaneHead";
import { PeoplePicker } from "./PeoplePicker";
import { useManaging } from "./useManaging";

/** Starts a conversation: with one person, in a new group, or in a public one. */
export function NewChatView() {
  const chat = useChat();
  const manager = useManaging();
  const open = (user: User) =>
    void chat.notices.attempt(async () => navigate({ view: "conversation", id: (await manager.startDirect(user.id)).id }, { replace: true }));
  return (
    <main className="pane" aria-label={texts.start.title}>
      <PaneHead title={texts.start.title} />
      <div className="pane-body narrow">
        <Link to={{ view: "newGroup" }} className="choice">
          <span className="choice-icon">
            <Icon name="group" />
          </span>
          <span className="person-text">
            <span className="person-name">{texts.start.newGroup}</span>
            <span className="person-note">{texts.start.newGroupText}</span>
          </span>
        </Link>
        <Link to={{ view: "discover" }} className="choice">
          <span className="choice-icon">
            <Icon name="compass" />
          </span>
          <span className="person-text">
            <span className="person-name">{texts.discover.title}</span>
            <span className="person-note">{texts.start.discoverText}</span>
          </span>
        </Link>
        <PeoplePicker label={texts.start.find} onPick={open} autoFocus />
      </div>
    </main>
  );
}
