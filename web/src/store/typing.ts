import { Id } from "../client/types";
import { State, Typist } from "./state";
import { without } from "./tables";

/** How long a typing mark is shown if its end never arrives, in milliseconds. */
export const typingLife = 7_000;

export function withoutTyping(state: State, conversationId: Id, userId: Id): State {
  const typing = state.typing[conversationId];
  if (typing?.[userId] === undefined) return state;
  return { ...state, typing: { ...state.typing, [conversationId]: without(typing, userId) } };
}

export function unexpired(typing: State["typing"], now: number): State["typing"] {
  const result: Record<Id, Record<Id, Typist>> = {};
  for (const [id, users] of Object.entries(typing)) {
    const left = Object.entries(users).filter(([, { until }]) => until > now);
    if (left.length > 0) result[id] = Object.fromEntries(left);
  }
  return result;
}
