import { navigate } from "../app/router";
import { Conversation } from "../client/types";
import * as texts from "../texts";
import { GroupAvatar } from "./Avatar";
import { useChat } from "./context";
import { PaneHead } from "./PaneHead";
import { useManaging } from "./useManaging";

/** A group that a stranger added the user to. It shows who asks, and nothing of the group. */
export function InvitationView({ group }: { group: Conversation }) {
  const chat = useChat();
  const manager = useManaging();
  const { id, invitation, title = "" } = group;
  if (invitation === undefined) return null;
  const { by } = invitation;
  const leave = async () => {
    navigate({ view: "home" }, { replace: true });
    await manager.leave(id);
  };
  return (
    <main className="pane" aria-label={title}>
      <PaneHead title={texts.invite.title} />
      <div className="pane-body narrow">
        <div className="details-head">
          <GroupAvatar id={id} title={title} size="large" />
          <h2>
            <bdi>{title}</bdi>
          </h2>
          <p className="details-note">{texts.conversation.members(group.memberCount)}</p>
          <p className="details-about">{texts.invite.text(by.displayName, by.username)}</p>
          <div className="details-actions">
            <button type="button" className="button primary" onClick={() => void chat.notices.attempt(() => manager.accept(id))}>
              {texts.invite.accept}
            </button>
            <button type="button" className="button" onClick={() => void chat.notices.attempt(leave)}>
              {texts.details.leave}
            </button>
            <button
              type="button"
              className="button danger-text"
              onClick={() => void chat.notices.attempt(() => chat.people.block(by.id, true).then(leave))}
            >
              {texts.block.block(by.displayName)}
            </button>
          </div>
        </div>
      </div>
    </main>
  );
}
