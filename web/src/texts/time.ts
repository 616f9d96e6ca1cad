import { locale, time as words } from "./general";

/** The words are of the page's language, and noon is 12 or 0 o'clock as the user's own language has it. */
function makeFormats() {
  const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
  return {
    clock: new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", hourCycle }),
    weekday: new Intl.DateTimeFormat(locale, { weekday: "short" }),
    shortDate: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }),
    yearDate: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" }),
    longDay: new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }),
    longYear: new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    month: new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" }),
    full: new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", hourCycle }),
    ago: new Intl.RelativeTimeFormat(locale, { numeric: "auto" }),
  };
}

let formats = makeFormats();

/** Call this when the time zone has changed: a format keeps the one of its making. */
export function localTimeChanged(): void {
  formats = makeFormats();
}

const day = 86_400_000;

/** The number of days between two times in the local calendar. */
function daysBetween(earlier: Date, later: Date): number {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(later) - midnight(earlier)) / day);
}

/** `14:05` */
export function clockTime(time: string): string {
  return formats.clock.format(new Date(time));
}

export function isToday(time: string, now = new Date()): boolean {
  return daysBetween(new Date(time), now) === 0;
}

export function fullTime(time: string): string {
  return formats.full.format(new Date(time));
}

export function date(time: string): string {
  return formats.yearDate.format(new Date(time));
}

/** For lists: the time if it was today, the weekday within a week, else the date. */
export function shortTime(time: string, now = new Date()): string {
  const then = new Date(time);
  const days = daysBetween(then, now);
  if (days <= 0) return formats.clock.format(then);
  if (days === 1) return words.yesterday;
  if (days < 7) return formats.weekday.format(then);
  return then.getFullYear() === now.getFullYear() ? formats.shortDate.format(then) : formats.yearDate.format(then);
}

/** The line between two days of messages. */
export function dayLabel(time: string, now = new Date()): string {
  const then = new Date(time);
  const days = daysBetween(then, now);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  return then.getFullYear() === now.getFullYear() ? formats.longDay.format(then) : formats.longYear.format(then);
}

/** `November 2026` */
export function monthLabel(time: string): string {
  return formats.month.format(new Date(time));
}

/** `5 minutes ago`, or the date if it was more than a week ago. */
export function agoTime(time: string, now = Date.now()): string {
  const minutes = Math.round((now - new Date(time).getTime()) / 60_000);
  if (minutes < 1) return words.now;
  if (minutes < 60) return formats.ago.format(-minutes, "minute");
  if (minutes < 24 * 60) return formats.ago.format(-Math.round(minutes / 60), "hour");
  if (minutes < 7 * 24 * 60) return formats.ago.format(-Math.round(minutes / 1440), "day");
  return date(time);
}

/** Seconds as minutes and seconds: `1:05`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
