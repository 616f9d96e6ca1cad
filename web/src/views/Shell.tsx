import { isShared, Route } from "../app/router";
import * as texts from "../texts";
import { Fetched } from "./Chunk";
import { ConnectionBanner } from "./ConnectionBanner";
import { Empty, Link, LoadingPane } from "./controls";
import { DetailsView, DiscoverView, NewChatView, NewGroupView, ProfileView, SearchView } from "./lazy";
import { SharedView } from "./lazyShared";
import { ConversationView } from "./lazyThread";
import { NotFound } from "./NotFound";
import { Sidebar } from "./Sidebar";
import { useMedia } from "./useMedia";

/** The signed-in page: the list of conversations and one view. A phone shows one of the two. */
export function Shell({ route }: { route: Route }) {
  const selected = "id" in route ? route.id : undefined;
  const isPhone = useMedia("(max-width: 720px)");
  return (
    <div className={`shell ${route.view === "home" ? "shows-list" : "shows-view"}`}>
      <ConnectionBanner />
      <Sidebar selected={selected} isMain={isPhone && route.view === "home"} />
      <Fetched key={`${isShared(route.view) ? "shared" : route.view}/${selected ?? ""}`} fallback={<LoadingPane />}>
        <View route={route} />
      </Fetched>
    </div>
  );
}

function View({ route }: { route: Route }): JSX.Element {
  switch (route.view) {
    case "conversation":
      return <ConversationView key={route.id} id={route.id} seq={route.seq} />;
    case "details":
      return <DetailsView key={route.id} id={route.id} />;
    case "search":
      return <SearchView key={route.id} id={route.id} />;
    case "media":
    case "files":
    case "links":
      return <SharedView key={route.id} id={route.id} kind={route.view} />;
    case "newChat":
      return <NewChatView />;
    case "newGroup":
      return <NewGroupView />;
    case "discover":
      return <DiscoverView />;
    case "profile":
      return <ProfileView />;
    case "unknown":
      return <NotFound />;
    default:
      return (
        <main className="pane home">
          <Empty icon="newChat" title={texts.home.title} text={texts.home.text}>
            <Link className="button" to={{ view: "newChat" }}>
              {texts.home.start}
            </Link>
          </Empty>
        </main>
      );
  }
}
