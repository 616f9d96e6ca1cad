import { Conversation } from "../client/types";
import { Standing } from "../rules/permissions";
import { ownRole } from "../store/state";
import { useMutedUntil } from "./useMute";

/** How the user stands to a conversation they are in, as far as a client can know. */
export function useStanding(conversation: Conversation): Standing {
  const isMuted = useMutedUntil() !== undefined;
  return { kind: conversation.kind, visibility: conversation.visibility, role: ownRole(conversation), isMuted };
}
