import { SyntheticEvent, useMemo, useRef } from "react";
import { Message, Upload } from "../client/types";
import { isVoiceMessage } from "../lib/voice";
import * as texts from "../texts";
import { duration as minutes } from "../texts/time";
import { useStore } from "./context";
import { IconButton } from "./controls";
import { Download } from "./Download";
import { Icon } from "./icons";
import { Seeker } from "./Seeker";
import { usePlayer } from "./usePlayer";

const bars = 50;

/** A sound with its player, on its waveform. */
export function Sound({ upload, message, onError }: { upload: Upload; message: Pick<Message, "id"> | undefined; onError(event: SyntheticEvent<HTMLMediaElement>): void }) {
  const audio = useRef<HTMLAudioElement>(null);
  const player = usePlayer(audio, upload.duration);
  const preview = useStore((state) => state.previews[upload.id]);
  const wave = useMemo(() => waveOf(upload.waveform), [upload.waveform]);
  const { isPlaying, time, duration, speed } = player;
  const name = isVoiceMessage(upload.name) ? texts.voice.message : upload.name;
  return (
    <div className="sound" role="group" aria-label={upload.alt ?? name} onKeyDown={player.onKeyDown}>
      <audio ref={audio} src={preview ?? upload.url} preload={upload.duration === undefined ? "metadata" : "none"} onError={onError} {...player.events} />
      <IconButton
        className="sound-play"
        icon={isPlaying ? "pause" : "play"}
        label={isPlaying ? texts.player.pause(name) : texts.player.play(name)}
        onClick={player.toggle}
      />
      <div className="sound-body">
        <bdi className="sound-name">{name}</bdi>
        <div className={`wave ${wave === undefined ? "is-flat" : ""}`}>
          {wave !== undefined && (
            <svg viewBox={`0 0 ${bars * 4} 28`} preserveAspectRatio="none" aria-hidden="true">
              <path d={wave} />
              <path d={wave} className="wave-past" style={{ clipPath: `inset(0 ${duration > 0 ? 100 - (100 * time) / duration : 100}% 0 0)` }} />
            </svg>
          )}
          <Seeker player={player} />
        </div>
        <span className="sound-line">
          <span className="player-time">{minutes(time > 0 || isPlaying ? time : duration)}</span>
          <button type="button" className="speed" aria-label={texts.player.speed(speed)} onClick={player.nextSpeed}>
            {speed}×
          </button>
          {message !== undefined && (
            <Download className="sound-save" message={message} upload={upload}>
              <Icon name="download" size={18} />
            </Download>
          )}
        </span>
      </div>
    </div>
  );
}

/** Strokes as high as the sound is loud. */
function waveOf(waveform: readonly number[] | undefined): string | undefined {
  if (waveform === undefined || waveform.length === 0) return undefined;
  const each = waveform.length / bars;
  return Array.from({ length: bars }, (_, index) => {
    const peak = Math.max(...waveform.slice(Math.floor(index * each), Math.max(Math.floor(index * each) + 1, Math.floor((index + 1) * each))));
    const half = Math.max(1, (peak / 255) * 12);
    return `M${index * 4 + 2} ${14 - half}V${14 + half}`;
  }).join("");
}
