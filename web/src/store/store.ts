import { Action } from "./actions";
import { reduce } from "./reduce";
import { initialState, State } from "./state";

/** Holds the state. Every change goes through `dispatch`. */
export class Store {
  private current = initialState;
  private readonly listeners = new Set<() => void>();

  get state(): State {
    return this.current;
  }

  dispatch = (action: Action): void => {
    const next = reduce(this.current, action);
    if (next === this.current) return;
    this.current = next;
    for (const listener of this.listeners) listener();
  };

  /** Calls `listener` after every change. Call the answer to unsubscribe. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}
