import { useEffect, useReducer } from "react";
import * as texts from "../texts";
import { clockTime, fullTime, isToday } from "../texts/time";
import { useStore } from "./context";

/** The server sends a mute without an end as a date this far away or further, in milliseconds. */
const forGood = 50 * 365 * 86_400_000;

/** The longest wait of a timer, in milliseconds. */
const longest = 2 ** 31 - 1;

/** Until when the user is muted, in milliseconds since 1970; undefined if they are not. The server does not announce the end. */
export function useMutedUntil(): number | undefined {
  const until = useStore((state) => state.mutedUntil);
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (until <= Date.now()) return undefined;
    const timer = setTimeout(tick, Math.min(longest, until - Date.now()));
    return () => clearTimeout(timer);
  });
  return until > Date.now() ? until : undefined;
}

/** Why the user cannot write at present, in words; undefined if they can. */
export function useMute(): string | undefined {
  const until = useMutedUntil();
  useStore((state) => state.today);
  if (until === undefined) return undefined;
  if (until - Date.now() > forGood) return texts.composer.mutedForGood;
  const time = new Date(until).toISOString();
  return texts.composer.muted(isToday(time) ? clockTime(time) : fullTime(time));
}
