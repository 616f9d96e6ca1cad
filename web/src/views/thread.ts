/** A conversation: what reading and writing need beyond the list. It is one script, which lazyThread.tsx fetches with the page. */
import { addIcons } from "./icons";
import { threadShapes } from "./threadIcons";

export { ConversationView } from "./ConversationView";

addIcons(threadShapes);
