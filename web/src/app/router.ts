import { useSyncExternalStore } from "react";
import { Id } from "../client/types";
import { basePath } from "../lib/basePath";

/** What was shared in a conversation is in three lists. */
export const sharedKinds = ["media", "files", "links"] as const;
export type SharedKind = (typeof sharedKinds)[number];

const ofConversations: readonly string[] = ["details", "search", ...sharedKinds];

/** Whether a view is one of these lists. They are one view with tabs. */
export function isShared(view: Route["view"]): view is SharedKind {
  return (sharedKinds as readonly string[]).includes(view);
}

/** The views. Each has an address. */
export type Route =
  | { view: "home" }
  | { view: "login" }
  | { view: "register" }
  | { view: "conversation"; id: Id; seq?: number }
  | { view: "details"; id: Id }
  | { view: "search"; id: Id }
  | { view: SharedKind; id: Id }
  | { view: "newChat" }
  | { view: "newGroup" }
  | { view: "discover" }
  | { view: "profile" }
  | { view: "unknown" };

export function parseRoute(pathname: string): Route {
  const parts = pathname.slice(basePath.length).split("/").filter((part) => part !== "");
  const [first, id, third, fourth] = parts;
  if (first === undefined) return { view: "home" };
  if (first === "c" && id !== undefined) {
    if (third === undefined) return { view: "conversation", id };
    if (ofConversations.includes(third) && parts.length === 3) return { view: third as "details" | "search" | SharedKind, id };
    const seq = Number(fourth);
    if (third === "m" && Number.isSafeInteger(seq) && seq > 0 && parts.length === 4) return { view: "conversation", id, seq };
    return { view: "unknown" };
  }
  if (first === "new" && id === "group" && parts.length === 2) return { view: "newGroup" };
  if (parts.length > 1) return { view: "unknown" };
  switch (first) {
    case "login":
    case "register":
    case "discover":
    case "profile":
      return { view: first };
    case "new":
      return { view: "newChat" };
    default:
      return { view: "unknown" };
  }
}

/** The view of this server that an address leads to, if it does. */
export function routeOf(href: string): Route | undefined {
  const { origin, pathname, search, hash } = new URL(href);
  const isHere = origin === window.location.origin && (pathname === basePath || pathname.startsWith(`${basePath}/`));
  if (!isHere || search !== "" || hash !== "") return undefined;
  const route = parseRoute(pathname);
  return route.view === "unknown" ? undefined : route;
}

export function pathOf(route: Route): string {
  return basePath + pathWithin(route);
}

function pathWithin(route: Route): string {
  switch (route.view) {
    case "home":
    case "unknown":
      return "/";
    case "conversation":
      return route.seq === undefined ? `/c/${route.id}` : `/c/${route.id}/m/${route.seq}`;
    case "details":
    case "search":
    case "media":
    case "files":
    case "links":
      return `/c/${route.id}/${route.view}`;
    case "newChat":
      return "/new";
    case "newGroup":
      return "/new/group";
    default:
      return `/${route.view}`;
  }
}

const listeners = new Set<() => void>();
const notify = () => listeners.forEach((listener) => listener());

export function navigate(route: Route, options: { replace?: boolean } = {}): void {
  const path = pathOf(route);
  if (path === window.location.pathname) return;
  if (options.replace === true) window.history.replaceState(null, "", path);
  else window.history.pushState(null, "", path);
  notify();
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("popstate", notify);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("popstate", notify);
  };
}
