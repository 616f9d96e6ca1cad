import * as texts from "../texts";
import { duration as minutes } from "../texts/time";
import { usePlayer } from "./usePlayer";

/** Where a film or sound is, and what moves it. */
export function Seeker({ player: { time, duration, seek } }: { player: ReturnType<typeof usePlayer> }) {
  return (
    <input
      type="range"
      className="seeker"
      min={0}
      max={duration || 1}
      step={0.1}
      value={time}
      aria-label={texts.player.position}
      aria-valuetext={texts.player.of(minutes(time), minutes(duration))}
      style={{ "--share": `${duration > 0 ? (100 * time) / duration : 0}%` } as object}
      onChange={(event) => seek(Number(event.target.value))}
    />
  );
}
