/** A conversation: what reading and writing need beyond the list. It is one script, which lazyThread.tsx fetches with the page. */
import { addIcons } from "./icons";
import { threadShapes } from "./threadIcons";

// Nothing is written before what keeps it is there.
export { Unsent } from "../app/unsent";
export { writers } from "../app/writers";
export { ConversationView } from "./ConversationView";

addIcons(threadShapes);
