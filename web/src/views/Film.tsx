import { SyntheticEvent, useRef, useState } from "react";
import { Message, Upload } from "../client/types";
import { fitted } from "../lib/mosaic";
import * as texts from "../texts";
import { duration as minutes } from "../texts/time";
import { useStore } from "./context";
import { IconButton } from "./controls";
import { Download } from "./Download";
import { Icon } from "./icons";
import { Seeker } from "./Seeker";
import { usePlayer } from "./usePlayer";

/** A film with its player. Until it is played there is its poster, with its length. */
export function Film({ upload, message, width, onError }: { upload: Upload; message: Pick<Message, "id"> | undefined; width?: string; onError(event: SyntheticEvent<HTMLMediaElement>): void }) {
  const video = useRef<HTMLVideoElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const player = usePlayer(video, upload.duration);
  const [isStarted, setStarted] = useState(false);
  const preview = useStore((state) => state.previews[upload.id]);
  const box = fitted({ width: upload.width ?? 320, height: upload.height ?? 240 });
  const label = upload.alt ?? upload.name;
  const poster = preview === undefined ? upload.thumbnails.find(({ size }) => size === "medium")?.url : undefined;
  const start = () => {
    setStarted(true);
    player.toggle();
    // The button that was pressed is gone, and the keys are for the film now.
    frame.current?.focus();
  };
  return (
    <div ref={frame} className="film" style={{ width: width ?? box.width, aspectRatio: `${box.width} / ${box.height}` }} role="group" tabIndex={-1} aria-label={label} onKeyDown={player.onKeyDown}>
      <video
        ref={video}
        src={preview ?? upload.url}
        poster={poster}
        preload={poster === undefined ? "metadata" : "none"}
        playsInline
        tabIndex={-1}
        aria-label={label}
        onClick={isStarted ? player.toggle : start}
        onError={onError}
        {...player.events}
      />
      {isStarted ? (
        <div className="film-bar">
          <IconButton
            icon={player.isPlaying ? "pause" : "play"}
            label={player.isPlaying ? texts.player.pause(upload.name) : texts.player.play(upload.name)}
            onClick={player.toggle}
          />
          <Seeker player={player} />
          <span className="player-time">{minutes(player.duration - player.time)}</span>
          <IconButton icon={player.isMuted ? "muted" : "volume"} label={player.isMuted ? texts.player.unmute : texts.player.mute} onClick={player.mute} />
          {message !== undefined && (
            <Download className="icon-button" message={message} upload={upload}>
              <Icon name="download" />
            </Download>
          )}
          {document.fullscreenEnabled && (
            <IconButton
              icon="full"
              label={texts.player.full}
              onClick={() => void (document.fullscreenElement === null ? frame.current?.requestFullscreen() : document.exitFullscreen())}
            />
          )}
        </div>
      ) : (
        <button type="button" className="film-start" aria-label={texts.player.play(upload.name)} onClick={start}>
          <span className="film-sign">
            <Icon name="play" size={28} />
          </span>
          {player.duration > 0 && <span className="film-length">{minutes(player.duration)}</span>}
        </button>
      )}
    </div>
  );
}
