import type { laterShapes } from "./laterIcons";
import type { sheetShapes } from "./sheetIcons";
import type { threadShapes } from "./threadIcons";

type Later = typeof laterShapes & typeof sheetShapes & typeof threadShapes;

/** The icons: strokes on a grid of 24 by 24, in the color of the text around them. */

const shapes = {
  back: "M15 5l-7 7 7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  checks: "M2 12.5l4.5 4.5L16 7.5M11 16l1 1L22 7.5",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  close: "M6 6l12 12M18 6L6 18",
  compass: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15.5 8.5l-2 5-5 2 2-5z",
  copy: "M9 9h10v11H9zM5 15V4h10",
  group: "M9 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 19.5c0-3.3 2.9-5.5 6.5-5.5s6.5 2.2 6.5 5.5M16 5a3.2 3.2 0 0 1 0 6.2M18 14.4c2.2.8 3.5 2.6 3.5 5.1",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.5v.5",
  more: "M5.5 11.5a.5.5 0 1 0 0 1 .5.5 0 0 0 0-1zM12 11.5a.5.5 0 1 0 0 1 .5.5 0 0 0 0-1zM18.5 11.5a.5.5 0 1 0 0 1 .5.5 0 0 0 0-1z",
  bellOff: "M6 16.5V11a6 6 0 0 1 9.5-4.9M18 10.5v6H8.5M10 20h4M4 4l16 16",
  newChat: "M12 4H4v16h16v-8M9.5 14.5l.6-3L18 3.6a1.7 1.7 0 0 1 2.4 2.4l-7.9 7.9z",
  pin: "M8.5 4h7l-1 6.5 3 3.5h-11l3-3.5zM12 14v6",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5",
  warning: "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
};

export type IconName = keyof typeof shapes | keyof Later;

const known: Partial<Record<IconName, string>> = { ...shapes };

/** Adds the icons of views that are loaded later. */
export function addIcons(later: Partial<Later>): void {
  Object.assign(known, later);
}

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={known[name]} />
    </svg>
  );
}
