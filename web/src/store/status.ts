import { User } from "../client/types";

/** What somebody says of themselves now; undefined once it has ended. */
export function saidBy({ statusMessage }: Pick<User, "statusMessage">, now: number): User["statusMessage"] {
  const { until } = statusMessage ?? {};
  return until === undefined || Date.parse(until) > now ? statusMessage : undefined;
}

/** The clocks of zones; undefined where the browser does not know the zone. */
const clocks = new Map<string, Intl.DateTimeFormat | undefined>();

function clockOf(timeZone: string): Intl.DateTimeFormat | undefined {
  if (!clocks.has(timeZone)) {
    let clock: Intl.DateTimeFormat | undefined;
    try {
      clock = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
    } catch {
      // An older browser, or a name that is none.
    }
    clocks.set(timeZone, clock);
  }
  return clocks.get(timeZone);
}

/** Whether somebody does not want to be disturbed now. */
export function isQuiet({ doNotDisturb }: Partial<Pick<User, "doNotDisturb">>, now: number): boolean {
  if (doNotDisturb === undefined) return false;
  const { until, hours } = doNotDisturb;
  if (until !== undefined && Date.parse(until) > now) return true;
  const time = hours && clockOf(hours.timeZone)?.format(now);
  if (time === undefined) return false;
  const { from, to } = hours as NonNullable<typeof hours>;
  // Times of four digits are in the order of the letters.
  return from < to ? from <= time && time < to : from <= time || time < to;
}
