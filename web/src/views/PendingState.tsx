import { PendingMessage } from "../store/state";
import * as texts from "../texts";
import { useChat } from "./context";
import { Icon } from "./icons";

/** The state of a message that is not acknowledged: on its way, or failed and to be retried or discarded. */
export function PendingState({ pending }: { pending: PendingMessage }) {
  const { sending } = useChat();
  if (pending.state !== "failed") {
    return (
      <span className="status-mark is-pending">
        <Icon name="clock" size={14} />
        <span className="visually-hidden">{pending.state === "uploading" ? texts.message.uploading : texts.message.sending}</span>
      </span>
    );
  }
  return (
    <div className="failure" role="alert">
      <span>
        <Icon name="warning" size={16} />
        {texts.message.failed}. {pending.problem}
      </span>
      <button type="button" onClick={() => sending.retry(pending.clientId)}>
        {texts.retry}
      </button>
      <button type="button" onClick={() => sending.discard(pending.clientId)}>
        {texts.message.discard}
      </button>
    </div>
  );
}
