import { PendingMessage } from "../store/state";
import * as texts from "../texts";
import { Icon } from "./icons";

/** Says that a message is on its way. */
export function PendingState({ pending }: { pending: PendingMessage }) {
  return <Waiting label={pending.state === "uploading" ? texts.message.uploading : texts.message.sending} />;
}

/** Says that something is on its way to the server. */
export function Waiting({ label }: { label: string }) {
  return (
    <span className="status-mark is-pending">
      <Icon name="clock" size={16} />
      <span className="visually-hidden">{label}</span>
    </span>
  );
}
