/** What is not needed to read and write: it is fetched a moment after the page is up, see lazy.tsx. */
export { AuthView } from "./AuthView";
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
