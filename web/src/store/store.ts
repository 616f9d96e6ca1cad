import { Action } from "./actions";
import { reduce } from "./reduce";
import { initialState, State } from "./state";

/** When those who follow the state are told of what the server's events have changed. */
export type Pace = (tell: () => void) => { ask(): void; done(): void };

/** Holds the state. Every change goes through `dispatch`, and is in the state at once. */
export class Store {
  private current = initialState;
  private readonly listeners = new Set<() => void>();
  private readonly events: ReturnType<Pace> | undefined;

  /** With a `pace`, events are told of together. What the user does is always told of at once. */
  constructor(pace?: Pace) {
    this.events = pace?.(() => this.tell());
  }

  get state(): State {
    return this.current;
  }

  dispatch = (action: Action): void => {
    const next = reduce(this.current, action);
    if (next === this.current) return;
    this.current = next;
    if (action.type === "event" && this.events !== undefined) this.events.ask();
    else this.tell();
  };

  /** Calls `listener` after every change. Call the answer to unsubscribe. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private tell(): void {
    this.events?.done();
    for (const listener of this.listeners) listener();
  }
}
