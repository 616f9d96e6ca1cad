import { useCallback, useState } from "react";
import { Id } from "../client/types";
import { byteSize } from "../lib/format";
import * as texts from "../texts";
import { Extra } from "./Chunk";
import { useStore } from "./context";
import { IconButton } from "./controls";
import { Icon } from "./icons";
import { Missing } from "./lazyEmoji";
import { SendSheet } from "./lazySheet";
import { ProgressBar } from "./ProgressBar";
import { useWriters } from "./useWriters";

/** The files of the message being written. */
export function AttachmentTray({ conversationId, taskIds }: { conversationId: Id; taskIds: readonly string[] }) {
  const [looked, setLooked] = useState<string>();
  const close = useCallback(() => setLooked(undefined), []);
  return (
    <>
      <ul className="tray" aria-label={texts.tray.attachments}>
        {taskIds.map((id) => (
          <TrayItem key={id} id={id} conversationId={conversationId} onLook={() => setLooked(id)} />
        ))}
      </ul>
      {looked !== undefined && (
        <Extra missing={<Missing onClose={close} />}>
          <SendSheet conversationId={conversationId} first={looked} onClose={close} />
        </Extra>
      )}
    </>
  );
}

function TrayItem({ id, conversationId, onLook }: { id: string; conversationId: Id; onLook(): void }) {
  const { drafts, uploads } = useWriters();
  const task = useStore((state) => state.uploads[id]);
  if (task === undefined) return null;
  const { width, preview, upload } = task;
  const picture = (width !== undefined && task.type.startsWith("image/") ? preview : undefined) ?? upload?.thumbnails.find(({ size }) => size === "small")?.url;
  const note = task.state === "failed" ? task.problem : task.state === "waiting" ? texts.tray.waiting : task.asFile === true ? `${byteSize(task.size)} · ${texts.sheet.asFile}` : byteSize(task.size);
  return (
    <li className={`tray-item is-${task.state}`}>
      <button type="button" className="tray-open" aria-label={picture === undefined ? texts.sheet.open(task.name) : texts.sheet.edit(task.name)} onClick={onLook}>
        {picture === undefined ? (
          <span className="tray-icon">
            <Icon name="file" />
          </span>
        ) : (
          <img className="tray-preview" src={picture} alt="" />
        )}
      </button>
      <span className="tray-text">
        <bdi className="tray-name">{task.name}</bdi>
        <span className="tray-note" role={task.state === "failed" ? "alert" : undefined}>
          {note}
        </span>
        {upload?.visibility === "owner" && <span className="tray-warning">{texts.tray.ownerOnly}</span>}
        {upload?.cleaned === false && upload.visibility === undefined && <span className="tray-warning">{texts.tray.uncleaned}</span>}
        {task.state !== "done" && task.state !== "failed" && <ProgressBar task={task} />}
      </span>
      {task.state === "failed" && task.isLost !== true && (
        <IconButton icon="retry" label={texts.tray.retryFile(task.name)} onClick={() => uploads.retry(id)} />
      )}
      <IconButton icon="close" label={texts.tray.removeFile(task.name)} onClick={() => drafts.detach(conversationId, id)} />
    </li>
  );
}
