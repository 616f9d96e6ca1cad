import { useEffect, useReducer } from "react";
import { clockTime, fullTime, isToday } from "../texts/time";
import { texts } from "../texts";
import { useStore } from "./context";

/** From this far ahead, in milliseconds, an end is none: the server says "for good" with a date beyond anybody's life. */
const forGood = 50 * 365 * 86_400_000;

/** The longest wait of a timer, in milliseconds. */
const longest = 2 ** 31 - 1;

/** Why the user cannot write at present, in words; undefined when they can. The end of a mute is not announced. */
export function useMute(): string | undefined {
  const until = useStore((state) => state.mutedUntil);
  const [, tick] = useReducer((count: number) => count + 1, 0);
  const left = until - Date.now();
  useEffect(() => {
    if (until <= Date.now()) return undefined;
    const timer = setTimeout(tick, Math.min(longest, until - Date.now()));
    return () => clearTimeout(timer);
  });
  if (left <= 0) return undefined;
  if (left > forGood) return texts.composer.mutedForGood;
  const time = new Date(until).toISOString();
  return texts.composer.muted(isToday(time) ? clockTime(time) : fullTime(time));
}
