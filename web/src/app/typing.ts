import { Parley } from "../client/parley";
import { Id } from "../client/types";

/** How often "is typing" is repeated while somebody types, in milliseconds. */
const interval = 3_000;

/** Tells the server that the user is typing. */
export class Typing {
  private sent: { id: Id; at: number } | undefined;

  constructor(private readonly parley: Parley) {}

  /** Call this on every keystroke; an empty text is `active: false`. */
  set(id: Id, active: boolean): void {
    const now = Date.now();
    const last = this.sent;
    if (active ? last?.id === id && now - last.at < interval : last?.id !== id) return;
    this.sent = active ? { id, at: now } : undefined;
    this.parley.typing(id, active).catch(() => {
      // Nobody was told; the next keystroke tries again.
      this.sent = undefined;
    });
  }
}
