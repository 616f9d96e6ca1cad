/** What was shared in a conversation. It is one script, which lazyShared.tsx fetches when it is opened. */
import { addIcons } from "./icons";
import { threadShapes } from "./threadIcons";

export { SharedView } from "./SharedView";

addIcons(threadShapes);
