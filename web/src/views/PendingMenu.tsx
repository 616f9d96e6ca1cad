import { PendingMessage } from "../store/state";
import * as texts from "../texts";
import { IconButton } from "./controls";
import { useWriters } from "./useWriters";

/** The buttons next to a message that is not sent yet. */
export function PendingMenu({ pending }: { pending: PendingMessage }) {
  const { drafts, sending } = useWriters();
  return (
    <div className="message-menu">
      <IconButton icon="edit" className="pending-edit" label={texts.message.edit} onClick={() => drafts.editPending(pending)} />
      {pending.state !== "failed" && (
        <IconButton icon="trash" label={texts.message.discard} onClick={() => sending.discard(pending.clientId)} />
      )}
    </div>
  );
}
