import { Id } from "../client/types";

/** What the user does to a message that is there. */
export type Change = { kind: "edit"; text: string } | { kind: "delete" } | { kind: "react"; emoji: string; add: boolean };

/** A change that the server has not acknowledged. */
export interface Act {
  readonly id: string;
  readonly conversationId: Id;
  /** The message's id, or the `clientId` of one that is not sent yet. */
  readonly target: string;
  readonly change: Change;
  readonly createdAt: string;
  /** Whether it was sent, so that the server may have carried it out. */
  readonly isTried?: boolean;
  /** Why the server refused an edit. */
  readonly problem?: string;
}

export type Acts = Readonly<Record<string, readonly Act[]>>;
