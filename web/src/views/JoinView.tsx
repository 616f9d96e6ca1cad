import { Conversation } from "../client/types";
import * as texts from "../texts";
import { GroupAvatar } from "./Avatar";
import { useChat } from "./context";
import { LostWords } from "./LostWords";
import { PaneHead } from "./PaneHead";
import { useManaging } from "./useManaging";

/** A public group that the user is not in. */
export function JoinView({ group }: { group: Conversation }) {
  const chat = useChat();
  const manager = useManaging();
  const title = group.title ?? "";
  return (
    <main className="pane" aria-label={title}>
      <PaneHead title={texts.details.publicGroup} />
      <div className="pane-body narrow">
        <div className="details-head">
          <GroupAvatar id={group.id} title={title} size="large" />
          <h2>
            <bdi>{title}</bdi>
          </h2>
          <p className="details-note">{texts.conversation.members(group.memberCount)}</p>
          <button type="button" className="button primary" onClick={() => void chat.notices.attempt(() => manager.join(group.id))}>
            {texts.discover.join}
          </button>
          <LostWords conversationId={group.id} />
        </div>
      </div>
    </main>
  );
}
