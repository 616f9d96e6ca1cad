import { Chunk } from "./Chunk";

/** The views that reading and writing do not need. */
const pages = new Chunk("later", () => import("./pages"));

export const AttachmentTray = pages.view("AttachmentTray");
export const AuthView = pages.view("AuthView");
export const Blur = pages.view("Blur");
export const ConversationMenu = pages.view("ConversationMenu");
export const DetailsView = pages.view("DetailsView");
export const DiscoverView = pages.view("DiscoverView");
export const FailedMessage = pages.view("FailedMessage");
export const InvitationView = pages.view("InvitationView");
export const JoinView = pages.view("JoinView");
export const LostItems = pages.view("LostItems");
export const LostWords = pages.view("LostWords");
export const MessageActions = pages.view("MessageActions");
export const MessageViewer = pages.view("MessageViewer");
export const NewChatView = pages.view("NewChatView");
export const NewGroupView = pages.view("NewGroupView");
export const NoComposer = pages.view("NoComposer");
export const PendingMenu = pages.view("PendingMenu");
export const ProfileView = pages.view("ProfileView");
export const RefusedEdit = pages.view("RefusedEdit");
export const SearchResults = pages.view("SearchResults");
export const SearchView = pages.view("SearchView");
export const TextPreview = pages.view("TextPreview");

export const prefetchPages = pages.prefetch;
