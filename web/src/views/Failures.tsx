import { ReactNode } from "react";
import { Act } from "../store/act";
import { PendingMessage } from "../store/state";
import * as texts from "../texts";
import { useStore } from "./context";
import { Icon } from "./icons";
import { useWriters } from "./useWriters";

/** A message that was not sent: to be retried, copied or discarded. */
export function FailedMessage({ pending }: { pending: PendingMessage }) {
  const { notices, sending } = useWriters();
  const uploads = useStore((state) => state.uploads);
  const left = pending.uploads.filter((id) => uploads[id]?.isLost !== true);
  const isWhole = left.length === pending.uploads.length;
  return (
    <Failure text={`${texts.message.failed}. ${pending.problem}`}>
      {(pending.text !== "" || left.length > 0) && (
        <button type="button" onClick={() => sending.retry(pending.clientId)}>
          {isWhole ? texts.retry : texts.tray.sendWithout(pending.uploads.length - left.length)}
        </button>
      )}
      {pending.text !== "" && (
        <button type="button" onClick={() => notices.copy(pending.text)}>
          {texts.message.copy}
        </button>
      )}
      <button type="button" onClick={() => sending.discard(pending.clientId)}>
        {texts.message.discard}
      </button>
    </Failure>
  );
}

/** An edit that the server refused while the user was writing something else. */
export function RefusedEdit({ act }: { act: Act }) {
  const { acts, drafts } = useWriters();
  const { change, problem = "" } = act;
  if (change.kind !== "edit") return null;
  const editAgain = () => {
    acts.drop(act);
    drafts.editAgain(act, problem);
  };
  return (
    <Failure text={`${texts.message.notSaved(problem)} “${change.text}”`}>
      <button type="button" onClick={editAgain}>
        {texts.message.edit}
      </button>
      <button type="button" onClick={() => acts.drop(act)}>
        {texts.message.discard}
      </button>
    </Failure>
  );
}

function Failure({ text, children }: { text: string; children: ReactNode }) {
  return (
    <div className="failure" role="alert">
      <span>
        <Icon name="warning" size={16} />
        {text}
      </span>
      {children}
    </div>
  );
}
