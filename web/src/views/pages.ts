/** The views that reading and writing do not need. They are one script, which lazy.tsx fetches after the first view. */
export { DetailsView } from "./DetailsView";
export { DiscoverView } from "./DiscoverView";
export { EmojiPicker } from "./EmojiPicker";
export { InvitationView } from "./InvitationView";
export { JoinView } from "./JoinView";
export { Lightbox } from "./Lightbox";
export { MessageActions } from "./MessageActions";
export { NewChatView } from "./NewChatView";
export { NewGroupView } from "./NewGroupView";
export { ProfileView } from "./ProfileView";
export { SearchResults } from "./SearchResults";
export { SearchView } from "./SearchView";
