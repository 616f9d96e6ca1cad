import { CSSProperties, SyntheticEvent, useRef, useState } from "react";
import { Message, Upload } from "../client/types";
import { byteSize } from "../lib/format";
import { fitted, isLong, mosaic, mosaicWidth, mostTiles, Size } from "../lib/mosaic";
import { UploadTask } from "../store/state";
import { hasText } from "../store/textFiles";
import * as texts from "../texts";
import { Extra } from "./Chunk";
import { IconButton } from "./controls";
import { Download } from "./Download";
import { Film } from "./Film";
import { Icon } from "./icons";
import { TextPreview } from "./lazy";
import { Picture } from "./Picture";
import { ProgressBar } from "./ProgressBar";
import { Sound } from "./Sound";
import { useMotion } from "./useMotion";
import { useViewer } from "./useViewer";
import { useWriters } from "./useWriters";

interface Props {
  uploads: readonly Upload[];
  /** The message that carries them; undefined while it is not sent. */
  message: Message | undefined;
  /** What is still on its way, by the upload's id. */
  tasks?: Readonly<Record<string, UploadTask>>;
}

/**
 * The files of a message, sent or not: pictures open a viewer, films and sounds have players, other files have cards. They
 * keep their places when the message arrives.
 */
export function Attachments({ uploads, message, tasks = {} }: Props) {
  const pictures = uploads.filter(({ kind }) => kind === "image");
  const others = uploads.filter(({ kind }) => kind !== "image");
  if (uploads.length === 0) return null;
  return (
    <div className="attachments">
      {pictures.length > 0 && <Pictures pictures={pictures} message={message} tasks={tasks} />}
      {others.map((upload, index) => (
        <div key={index} className="attachment">
          <Other upload={upload} message={message} />
          <Progress task={tasks[upload.id]} />
        </div>
      ))}
    </div>
  );
}

function Progress({ task }: { task: UploadTask | undefined }) {
  return task === undefined || task.state === "done" ? null : <ProgressBar task={task} />;
}

export function sizeOf({ width = 320, height = 240 }: Upload): Size {
  return { width, height };
}

/** How wide the pictures and films of a message are, in CSS pixels. */
export function mediaWidth(uploads: readonly Upload[]): number {
  const pictures = uploads.filter(({ kind }) => kind === "image");
  const single = uploads.filter(({ kind }) => kind === "video" || (kind === "image" && pictures.length === 1));
  return Math.max(pictures.length > 1 ? mosaicWidth : 0, ...single.map((upload) => fitted(sizeOf(upload)).width));
}

function Pictures({ pictures, message, tasks }: { pictures: readonly Upload[]; message: Message | undefined; tasks: Readonly<Record<string, UploadTask>> }) {
  const view = useViewer();
  const [only] = pictures;
  const single = pictures.length === 1 && only !== undefined ? fitted(sizeOf(only)) : undefined;
  const { height, tiles } = single === undefined ? mosaic(pictures.map(sizeOf)) : { height: single.height, tiles: [{ left: 0, top: 0, ...single }] };
  const width = single?.width ?? mosaicWidth;
  const beyond = pictures.length - mostTiles;
  return (
    <div className={`pictures ${single === undefined ? "is-mosaic" : ""}`} style={{ width, aspectRatio: `${width} / ${height}` }}>
      {tiles.map((tile, index) => {
        const upload = pictures[index];
        if (upload === undefined) return null;
        const place = { left: share(tile.left, width), top: share(tile.top, height), width: share(tile.width, width), height: share(tile.height, height) };
        return (
          <Tile
            key={index}
            upload={upload}
            message={message}
            task={tasks[upload.id]}
            box={tile}
            place={place}
            beyond={index === mostTiles - 1 ? beyond : 0}
            onOpen={() => message !== undefined && view({ message, uploadId: upload.id })}
          />
        );
      })}
    </div>
  );
}

interface TileProps {
  upload: Upload;
  message: Message | undefined;
  task: UploadTask | undefined;
  box: Size;
  place: CSSProperties;
  /** How many pictures come after it that are not shown. */
  beyond: number;
  onOpen(): void;
}

function Tile({ upload, message, task, box, place, beyond, onOpen }: TileProps) {
  const { messages } = useWriters();
  const { isAnimation = false, isWanted, toggle } = useMotion(upload);
  const isMoving = isAnimation && isWanted;
  const label = upload.alt ?? upload.name;
  return (
    <div className="tile" style={place}>
      <button
        type="button"
        className="picture-button"
        disabled={message === undefined}
        aria-label={beyond > 0 ? texts.attachment.openMore(label, beyond) : texts.attachment.open(label)}
        onClick={onOpen}
      >
        <Picture upload={upload} box={box} isMoving={isMoving} renew={async () => message !== undefined && messages.renewUpload(message, upload)} />
        {beyond > 0 && <span className="tile-more">+{beyond}</span>}
        {beyond <= 0 && isLong(sizeOf(upload), box) && <span className="tile-note">{texts.attachment.long}</span>}
      </button>
      {isAnimation && beyond <= 0 && (
        <IconButton
          className="tile-motion"
          icon={isMoving ? "pause" : "play"}
          label={isMoving ? texts.player.pause(upload.name) : texts.player.play(upload.name)}
          onClick={toggle}
        />
      )}
      <Progress task={task} />
    </div>
  );
}

const share = (part: number, whole: number) => `${(100 * part) / whole}%`;

/** In CSS pixels, as in attachment.css. */
const pageBox = { width: 364, height: 150 };

/** The top of a document's first page. What it is, the card says. */
function FirstPage({ upload, message }: { upload: Upload; message: Message | undefined }) {
  const { messages } = useWriters();
  const size = upload.thumbnails.find((thumbnail) => thumbnail.size === "large") ?? pageBox;
  const page = { ...upload, width: size.width, height: size.height, alt: "" };
  return <Picture upload={page} box={pageBox} isMoving={false} renew={async () => message !== undefined && messages.renewUpload(message, upload)} />;
}

function Other({ upload, message }: { upload: Upload; message: Message | undefined }) {
  const { messages, store } = useWriters();
  const [isUnplayable, setUnplayable] = useState(false);
  const hasFailed = useRef(false);
  const renew = ({ currentTarget: medium }: SyntheticEvent<HTMLMediaElement>) => {
    const isRenewing = message === undefined ? Promise.resolve(false) : messages.renewUpload(message, upload);
    void isRenewing.then((isRenewed) => {
      // A new URL makes the browser load it again.
      if (isRenewed || store.state.connection !== "online") return;
      // A browser may fail once, as when its sound is not there yet. What it cannot play can still be saved.
      if (hasFailed.current) setUnplayable(true);
      else medium.load();
      hasFailed.current = true;
    });
  };
  if (upload.kind === "video" && !isUnplayable) return <Film upload={upload} message={message} onError={renew} />;
  if (upload.kind === "audio" && !isUnplayable) return <Sound upload={upload} message={message} onError={renew} />;
  const hasPage = upload.thumbnails.length > 0;
  const className = `file-card ${hasPage ? "has-page" : ""}`;
  const card = (
    <>
      {hasPage && (
        <span className="file-card-page">
          <FirstPage upload={upload} message={message} />
        </span>
      )}
      <span className="file-card-icon">
        <Icon name="file" />
      </span>
      <span className="file-card-text">
        <bdi className="file-card-name">{upload.name}</bdi>
        <span className="file-card-note">
          {texts.fileType(upload.type, upload.name)} · {byteSize(upload.size)}
        </span>
      </span>
      <Icon name="download" size={18} />
    </>
  );
  if (message === undefined) {
    return (
      <>
        <span className={className}>{card}</span>
        {hasText(upload) && <div className="text-preview" />}
      </>
    );
  }
  return (
    <>
      <Download className={className} message={message} upload={upload}>
        {card}
      </Download>
      {hasText(upload) && (
        <div className="text-preview">
          <Extra>
            <TextPreview upload={upload} message={message} />
          </Extra>
        </div>
      )}
    </>
  );
}
