import { Message, ServerEvent, SyncAnswer } from "../src/client/types";
import { Action } from "../src/store/actions";
import { reduce } from "../src/store/reduce";
import { initialState, State } from "../src/store/state";
import { ana, conversation } from "./support";

/** The state after some actions. */
export const run = (state: State, ...actions: Action[]) => actions.reduce(reduce, state);
export const live = (event: ServerEvent): Action => ({ type: "event", event, isLive: true, now: 0 });
export const received = (message: Message): Action => live({ name: "message:received", payload: message });
export const synced = (answer: Pick<SyncAnswer, "conversations" | "removed">): Action => ({
  type: "synced",
  answer: { marks: [], users: [], cursor: "x", ...answer },
  known: {},
});
/** Ana, who talks to Bo. */
export const signedIn = run(initialState, { type: "signedIn", user: ana }, { type: "conversations", conversations: [conversation()], isComplete: true });
export const opened = (...held: Message[]): State =>
  run(signedIn, { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: held });
/** Ana, as her messages have her. */
export const mine = { id: "ana", username: "ana", displayName: "Ana" };
export const invitation = { by: { id: "bo", username: "bo", displayName: "Bo" }, at: "2026-01-01T00:00:00.000Z" };
