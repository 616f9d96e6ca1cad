import { Parley } from "../client/parley";
import { Id } from "../client/types";
import { Store } from "../store/store";

/** Marks are collected this long before they are sent, in milliseconds. */
const delay = 200;

/** Tells the server how far messages have reached this device. */
export class Delivery {
  private readonly confirmed = new Map<Id, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  clear(): void {
    this.confirmed.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Confirms all conversations a moment later; calls within that moment share it. */
  confirmSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.confirm();
    }, delay);
  }

  private confirm(): void {
    for (const { id, me, lastSeq, invitation } of Object.values(this.store.state.conversations)) {
      const known = Math.max(this.confirmed.get(id) ?? 0, me?.deliveredSeq ?? 0);
      if (lastSeq <= known || invitation !== undefined) continue;
      this.confirmed.set(id, lastSeq);
      this.parley.markDelivered(id, lastSeq).catch(() => this.confirmed.delete(id));
    }
  }
}
