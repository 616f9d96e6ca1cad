import { Store } from "../store/store";
import { localTimeChanged } from "../texts/time";

const minute = 60_000;

/** While the page is visible the clock looks this often, in milliseconds: timers stand still while a computer sleeps. */
const step = 1_000;

/** A timer that is this late, in milliseconds, stood still. In a page in the back, every timer may be a minute late. */
const gap = { visible: 5_000, hidden: 90_000 };

/** Keeps the time of the state, to the minute, and notices when time has jumped. */
export class Clock {
  /** Called after a sleep of the computer, or a change of its clock. */
  onJump: () => void = () => {};

  private timer: ReturnType<typeof setTimeout> | undefined;
  private expected: number | undefined;
  private zone = new Date().getTimezoneOffset();

  constructor(private readonly store: Store) {}

  /** Looks at the time now, and from then on at least each minute. */
  tick(): void {
    clearTimeout(this.timer);
    const now = Date.now();
    const isVisible = document.visibilityState === "visible";
    const late = Math.abs(now - (this.expected ?? now));
    const wait = Math.min(minute - (now % minute), isVisible ? step : minute);
    this.expected = now + wait;
    this.timer = setTimeout(() => this.tick(), wait);
    const zone = new Date(now).getTimezoneOffset();
    const isZoneNew = zone !== this.zone;
    this.zone = zone;
    if (isZoneNew) localTimeChanged();
    const isMinuteNew = Math.floor(now / minute) !== Math.floor(this.store.state.now / minute);
    if (isMinuteNew || isZoneNew) this.store.dispatch({ type: "clock", now });
    if (late > (isVisible ? gap.visible : gap.hidden)) this.onJump();
  }
}
