import { Suspense, useState } from "react";
import { Message, Upload } from "../client/types";
import { byteSize } from "../lib/format";
import * as texts from "../texts";
import { useChat } from "./context";
import { Download } from "./Download";
import { Icon } from "./icons";
import { Lightbox } from "./lazy";
import { Picture } from "./Picture";
import { pictureSize } from "./pictureSize";

/** The files of a message: pictures open a viewer, videos and audio have players, other files have cards. */
export function Attachments({ message }: { message: Message }) {
  const { messages } = useChat();
  const [viewed, setViewed] = useState<number>();
  const pictures = message.attachments.filter((upload) => upload.kind === "image");
  const others = message.attachments.filter((upload) => upload.kind !== "image");
  if (message.attachments.length === 0) return null;
  return (
    <div className="attachments">
      {pictures.length > 0 && (
        <div className={`pictures ${pictures.length > 1 ? "is-grid" : ""}`}>
          {pictures.map((upload, index) => (
            <button
              key={upload.id}
              type="button"
              className="picture-button"
              aria-label={texts.attachment.open(upload.name)}
              onClick={() => setViewed(index)}
            >
              <Picture upload={upload} isTile={pictures.length > 1} renew={() => messages.renewUpload(message, upload)} />
            </button>
          ))}
        </div>
      )}
      {others.map((upload) => (
        <Other key={upload.id} message={message} upload={upload} />
      ))}
      {viewed !== undefined && (
        <Suspense fallback={null}>
          <Lightbox message={message} pictures={pictures} first={viewed} onClose={() => setViewed(undefined)} />
        </Suspense>
      )}
    </div>
  );
}

function Other({ message, upload }: { message: Message; upload: Upload }) {
  const { messages } = useChat();
  const onError = () => void messages.renewUpload(message, upload);
  if (upload.kind === "video") {
    const { width, height } = pictureSize(upload);
    const poster = upload.thumbnails.find((thumbnail) => thumbnail.size === "medium")?.url;
    return (
      <video
        className="video"
        src={upload.url}
        onError={onError}
        poster={poster}
        width={width}
        height={height}
        controls
        preload={poster === undefined ? "metadata" : "none"}
        playsInline
        aria-label={upload.name}
      />
    );
  }
  if (upload.kind === "audio") {
    return (
      <figure className="audio">
        <figcaption>
          <Icon name="music" size={18} />
          <bdi>{upload.name}</bdi>
        </figcaption>
        <audio src={upload.url} onError={onError} controls preload="metadata" aria-label={upload.name} />
      </figure>
    );
  }
  return (
    <Download className="file-card" message={message} upload={upload}>
      <span className="file-card-icon">
        <Icon name="file" />
      </span>
      <span className="file-card-text">
        <bdi className="file-card-name">{upload.name}</bdi>
        <span className="file-card-note">
          {upload.type} · {byteSize(upload.size)}
        </span>
      </span>
      <Icon name="download" size={18} />
    </Download>
  );
}
