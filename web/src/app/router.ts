import { useSyncExternalStore } from "react";
import { Id } from "../client/types";
import { basePath } from "../lib/basePath";

/** The views. Each has an address. */
export type Route =
  | { view: "home" }
  | { view: "login" }
  | { view: "register" }
  | { view: "conversation"; id: Id; seq?: number }
  | { view: "details"; id: Id }
  | { view: "search"; id: Id }
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
    if ((third === "details" || third === "search") && parts.length === 3) return { view: third, id };
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
