import { createContext, useContext } from "react";
import { Id, Message } from "../client/types";

/** A picture of a message that is looked at. */
export interface Viewed {
  message: Message;
  uploadId: Id;
}

/** What opens the viewer of a conversation. It stands outside of the messages: these go when others are scrolled into view. */
export const ViewerContext = createContext<(viewed: Viewed) => void>(() => {});

export function useViewer(): (viewed: Viewed) => void {
  return useContext(ViewerContext);
}
