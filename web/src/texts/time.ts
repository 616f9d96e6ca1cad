import { locale, time as words } from "./general";

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekdayFormat = new Intl.DateTimeFormat(locale, { weekday: "short" });
const shortDateFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const yearDateFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const longDayFormat = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const longYearFormat = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const fullFormat = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });

const day = 86_400_000;

/** The number of days between two times in the local calendar. */
function daysBetween(earlier: Date, later: Date): number {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(later) - midnight(earlier)) / day);
}

/** `14:05` */
export function clockTime(time: string): string {
  return clockFormat.format(new Date(time));
}

export function isToday(time: string, now = new Date()): boolean {
  return daysBetween(new Date(time), now) === 0;
}

export function fullTime(time: string): string {
  return fullFormat.format(new Date(time));
}

export function date(time: string): string {
  return yearDateFormat.format(new Date(time));
}

/** For lists: the time if it was today, the weekday within a week, else the date. */
export function shortTime(time: string, now = new Date()): string {
  const then = new Date(time);
  const days = daysBetween(then, now);
  if (days <= 0) return clockFormat.format(then);
  if (days === 1) return words.yesterday;
  if (days < 7) return weekdayFormat.format(then);
  return then.getFullYear() === now.getFullYear() ? shortDateFormat.format(then) : yearDateFormat.format(then);
}

/** The line between two days of messages. */
export function dayLabel(time: string, now = new Date()): string {
  const then = new Date(time);
  const days = daysBetween(then, now);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  return then.getFullYear() === now.getFullYear() ? longDayFormat.format(then) : longYearFormat.format(then);
}

/** `5 minutes ago`, or the date if it was more than a week ago. */
export function agoTime(time: string, now = Date.now()): string {
  const minutes = Math.round((now - new Date(time).getTime()) / 60_000);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (minutes < 1) return words.now;
  if (minutes < 60) return format.format(-minutes, "minute");
  if (minutes < 24 * 60) return format.format(-Math.round(minutes / 60), "hour");
  if (minutes < 7 * 24 * 60) return format.format(-Math.round(minutes / 1440), "day");
  return date(time);
}

/** Seconds as minutes and seconds: `1:05`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
