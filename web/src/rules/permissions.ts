import { Conversation, Role } from "../client/types";

/**
 * Who may do what in a conversation: the server's `Permissions`, function by function, to offer only what the server
 * allows. Tests/permissions.json holds the cases that both sides are tested with.
 */

/** How a user stands to a conversation; undefined where there is no such conversation. */
export interface Standing {
  kind: Conversation["kind"];
  visibility?: Conversation["visibility"];
  /** Undefined for someone who is not a member. */
  role?: Role;
  /** Whether a moderator has muted the user. */
  isMuted?: boolean;
  /** Whether the other person of a direct conversation has blocked the user. The server tells nobody. */
  isShutOut?: boolean;
  /** Whether the user was removed from the group. The server tells nobody. */
  wasRemoved?: boolean;
}

/** Why the server would refuse, by its error code; undefined if it would not. */
export type Refusal = "not_found" | "not_a_member" | "forbidden" | "muted" | "validation_failed" | undefined;

/** Members see a conversation, and anybody sees a public group from outside. */
export function see(standing: Standing | undefined): Refusal {
  return standing !== undefined && (standing.role !== undefined || standing.visibility === "public") ? undefined : "not_found";
}

export function read(standing: Standing | undefined): Refusal {
  return see(standing) ?? (standing?.role === undefined ? "not_a_member" : undefined);
}

/** Whatever brings words or marks before others: a text, a reaction, a title, typing. */
export function speak(standing: Standing | undefined): Refusal {
  const refusal = read(standing);
  if (refusal !== undefined) return refusal;
  if (standing?.isShutOut === true) return "forbidden";
  return standing?.isMuted === true ? "muted" : undefined;
}

/** Anybody may join a public group, except people who were removed from it. */
export function join(standing: Standing | undefined): Refusal {
  return see(standing) ?? (standing?.wasRemoved === true ? "forbidden" : undefined);
}

export function leave(standing: Standing | undefined): Refusal {
  return read(standing) ?? requireGroup(standing);
}

/** A direct conversation is hidden, a group is left. */
export function hide(standing: Standing | undefined): Refusal {
  return read(standing) ?? (standing?.kind === "direct" ? undefined : "validation_failed");
}

/** Owners and admins. */
export function rename(standing: Standing | undefined): Refusal {
  return read(standing) ?? requireGroup(standing) ?? (standing?.role === "member" ? "forbidden" : speak(standing));
}

/** In a public group every member; in a private group owners and admins, and only they bring back people who were removed. */
export function addMembers(standing: Standing | undefined, bringingBack = false): Refusal {
  const refusal = read(standing) ?? requireGroup(standing);
  if (refusal !== undefined) return refusal;
  if (standing?.role === "member" && (standing.visibility !== "public" || bringingBack)) return "forbidden";
  return speak(standing);
}

/** Owners remove anybody, admins remove plain members. */
export function removeMember(standing: Standing | undefined, target: Role): Refusal {
  const refusal = read(standing) ?? requireGroup(standing);
  if (refusal !== undefined) return refusal;
  return standing?.role === "owner" || (standing?.role === "admin" && target === "member") ? undefined : "forbidden";
}

/** Owners give and take any role. */
export function changeRole(standing: Standing | undefined): Refusal {
  return read(standing) ?? requireGroup(standing) ?? (standing?.role === "owner" ? undefined : "forbidden");
}

export function editMessage(standing: Standing | undefined, isSender: boolean): Refusal {
  return read(standing) ?? (isSender ? speak(standing) : "forbidden");
}

/** People who may not speak may still take back what they said. */
export function react(standing: Standing | undefined, add: boolean): Refusal {
  return add ? speak(standing) : read(standing);
}

/** The sender, and in a group its owners and admins. */
export function deleteMessage(standing: Standing | undefined, isSender: boolean): Refusal {
  const isAdministrator = standing?.kind === "group" && standing.role !== "member";
  return read(standing) ?? (isSender || isAdministrator ? undefined : "forbidden");
}

function requireGroup(standing: Standing | undefined): Refusal {
  return standing?.kind === "group" ? undefined : "forbidden";
}
