/** What reading and writing do not need. It is one script, which lazy.tsx fetches after the first views. */
import { addIcons } from "./icons";
import { laterShapes } from "./laterIcons";

export { later } from "../app/later";
export { AttachmentTray } from "./AttachmentTray";
export { AuthView } from "./AuthView";
export { Blur } from "./Blur";
export { ConversationMenu } from "./ConversationMenu";
export { DetailsView } from "./DetailsView";
export { DiscoverView } from "./DiscoverView";
export { FailedMessage, RefusedEdit } from "./Failures";
export { InvitationView } from "./InvitationView";
export { JoinView } from "./JoinView";
export { MessageViewer } from "./Lightbox";
export { LostItems } from "./LostItems";
export { LostWords } from "./LostWords";
export { MessageActions } from "./MessageActions";
export { NewChatView } from "./NewChatView";
export { NewGroupView } from "./NewGroupView";
export { NoComposer } from "./NoComposer";
export { PendingMenu } from "./PendingMenu";
export { ProfileView } from "./ProfileView";
export { SearchResults } from "./SearchResults";
export { SearchView } from "./SearchView";
export { TextPreview } from "./TextPreview";

addIcons(laterShapes);
