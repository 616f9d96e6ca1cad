import { KeyboardEvent, RefObject, useRef, useState } from "react";

export const speeds = [1, 1.5, 2];

/** The arrow keys move by so many seconds. */
const step = 5;

/** Only one film or sound plays at a time. */
let playing: HTMLMediaElement | undefined;

/** What a player shows of its film or sound, and what it does with it. */
export function usePlayer(medium: RefObject<HTMLMediaElement>, length: number | undefined) {
  const [isPlaying, setPlaying] = useState(false);
  const [time, setTime] = useState(0);
  const [measured, setMeasured] = useState<number>();
  const [isMuted, setMuted] = useState(false);
  const [speed, setSpeed] = useState(1);
  const duration = measured ?? length ?? 0;
  /** Whether it would play, were it not for a failure. */
  const isWanted = useRef(false);

  const seek = (to: number) => {
    const element = medium.current;
    if (element === null) return;
    element.currentTime = Math.max(0, Math.min(duration, to));
    setTime(element.currentTime);
  };
  const toggle = () => {
    const element = medium.current;
    if (element === null) return;
    // One that cannot be played says so by its own error event.
    if (element.paused) element.play().catch(() => {});
    else element.pause();
  };
  const mute = () => {
    if (medium.current !== null) medium.current.muted = !medium.current.muted;
  };
  const nextSpeed = () => {
    const next = speeds[(speeds.indexOf(speed) + 1) % speeds.length] ?? 1;
    if (medium.current !== null) medium.current.playbackRate = next;
    setSpeed(next);
  };
  const keys: Record<string, () => void> = {
    k: toggle,
    m: mute,
    ArrowLeft: () => seek(time - step),
    ArrowRight: () => seek(time + step),
    Home: () => seek(0),
    End: () => seek(duration),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const events = {
    onPlay: () => {
      if (playing !== medium.current) playing?.pause();
      playing = medium.current ?? undefined;
      isWanted.current = true;
      setPlaying(true);
    },
    onPause: () => {
      if (medium.current?.error === null) isWanted.current = false;
      setPlaying(false);
    },
    onEnded: () => {
      isWanted.current = false;
      setPlaying(false);
    },
    onTimeUpdate: () => setTime(medium.current?.currentTime ?? 0),
    // Its URL had ended and it has another one, or it is tried again: it plays on.
    onEmptied: () => {
      const element = medium.current;
      if (element === null || !isWanted.current) return;
      element.currentTime = time;
      element.playbackRate = speed;
      element.play().catch(() => setPlaying(false));
    },
    onVolumeChange: () => setMuted(medium.current?.muted === true),
    onDurationChange: () => {
      const value = medium.current?.duration ?? NaN;
      if (Number.isFinite(value)) setMeasured(value);
    },
  };
  return { isPlaying, time, duration, isMuted, speed, seek, toggle, mute, nextSpeed, onKeyDown, events };
}
