/** How long a conversation can be muted, beside for good. */
export const muteLengths = ["hour", "hours", "morning"] as const;

export type MuteLength = (typeof muteLengths)[number];

const hour = 3_600_000;

/** When a conversation that is muted now is heard again. The morning is that of the next day, at eight, by the local clock. */
export function muteEnd(length: MuteLength, now: Date): Date {
  if (length === "morning") return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 8);
  return new Date(now.getTime() + (length === "hour" ? 1 : 8) * hour);
}

/** When a status can end by itself. */
export const statusLengths = ["never", "hour", "hours", "day", "week"] as const;

export type StatusLength = (typeof statusLengths)[number];

/** When a status that is set now ends; undefined for never. A day ends at midnight by the local clock. */
export function statusEnd(length: StatusLength, now: Date): Date | undefined {
  if (length === "never") return undefined;
  if (length === "day") return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
  return new Date(now.getTime() + { hour: 1, hours: 4, week: 7 * 24 }[length] * hour);
}
