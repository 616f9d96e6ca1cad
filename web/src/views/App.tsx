import { useEffect, useMemo } from "react";
import { navigate, parseRoute, Route, usePath } from "../app/router";
import { concerning, titleOf } from "../store/state";
import * as texts from "../texts";
import { Fetched, Safety } from "./Chunk";
import { useListed, useStore } from "./context";
import { Spinner } from "./controls";
import { AuthView, prefetchPages } from "./lazy";
import { prefetchEmoji } from "./lazyEmoji";
import { prefetchThread } from "./lazyThread";
import { Notices } from "./Notices";
import { Shell } from "./Shell";

/** Where to go after signing in: the view that was asked for before. */
let wanted: Route | undefined;

export function App() {
  const phase = useStore((state) => state.phase);
  const conversations = useListed();
  const now = useStore((state) => state.now);
  const concerns = useMemo(() => concerning(conversations, now), [conversations, now]);
  const isOnline = useStore((state) => state.connection === "online");
  const route = parseRoute(usePath());
  const title = useStore(({ conversations, me }) => {
    const shown = "id" in route ? conversations[route.id] : undefined;
    // A stranger's group shows nothing before it is accepted.
    return shown === undefined || shown.invitation !== undefined ? "" : titleOf(shown, me?.id);
  });
  const isAuthRoute = route.view === "login" || route.view === "register";

  useEffect(() => {
    document.title = texts.pageTitle(concerns, title);
  }, [concerns, title]);

  useEffect(() => {
    if (phase === "signedOut" && !isAuthRoute) {
      wanted = route;
      navigate({ view: "login" }, { replace: true });
    } else if (phase === "signedIn" && isAuthRoute) {
      navigate(wanted ?? { view: "home" }, { replace: true });
      wanted = undefined;
    }
  });

  useEffect(() => {
    if (!isOnline) return;
    prefetchThread();
    prefetchPages();
    prefetchEmoji();
  }, [isOnline]);

  return (
    <Safety>
      {phase === "restoring" && <Restoring />}
      {phase === "signedOut" && isAuthRoute && (
        <Fetched>
          <AuthView key={route.view} isNew={route.view === "register"} />
        </Fetched>
      )}
      {phase === "signedIn" && !isAuthRoute && <Shell route={route} />}
      <Notices />
    </Safety>
  );
}

function Restoring() {
  const isOffline = useStore((state) => state.connection === "waiting");
  return (
    <main className="restoring">
      <Spinner label={isOffline ? texts.restoringOffline : texts.restoring} />
      {isOffline && <p>{texts.restoringOffline}</p>}
    </main>
  );
}
