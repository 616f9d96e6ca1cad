import { byteSize } from "../lib/format";
import * as texts from "../texts";
import { useStore } from "./context";
import { Icon } from "./icons";
import { ProgressBar } from "./ProgressBar";

/** The files of a message that is not sent yet, with their progress. */
export function PendingAttachments({ ids }: { ids: readonly string[] }) {
  return (
    <div className="attachments">
      {ids.map((id) => (
        <PendingAttachment key={id} id={id} />
      ))}
    </div>
  );
}

function PendingAttachment({ id }: { id: string }) {
  const task = useStore((state) => state.uploads[id]);
  if (task === undefined) return null;
  const bar = task.state !== "done" && <ProgressBar task={task} />;
  if (task.preview !== undefined) {
    return (
      <span className="pending-picture">
        <img src={task.preview} alt={task.name} />
        {bar}
      </span>
    );
  }
  return (
    <span className="file-card">
      <span className="file-card-icon">
        <Icon name="file" />
      </span>
      <span className="file-card-text">
        <bdi className="file-card-name">{task.name}</bdi>
        <span className="file-card-note">{task.state === "waiting" ? texts.tray.waiting : byteSize(task.size)}</span>
        {bar}
      </span>
    </span>
  );
}
