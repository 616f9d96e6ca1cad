/** How long a conversation can be muted, beside for good. */
export const muteLengths = ["hour", "hours", "morning"] as const;

export type MuteLength = (typeof muteLengths)[number];

const hour = 3_600_000;

/** When a conversation that is muted now is heard again. The morning is that of the next day, at eight, by the local clock. */
export function muteEnd(length: MuteLength, now: Date): Date {
  if (length === "morning") return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 8);
  return new Date(now.getTime() + (length === "hour" ? 1 : 8) * hour);
}
