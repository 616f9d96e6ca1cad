import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./app/chat";
import { signedInHint, unconfirmedLogout, watchPage } from "./app/page";
import { Parley } from "./client/parley";
import { basePath } from "./lib/basePath";
import { inFrames } from "./lib/frames";
import { Store } from "./store/store";
import { App } from "./views/App";
import { ChatContext } from "./views/context";
import { prefetchThread } from "./views/lazyThread";
import "./styles/main.css";

const later = async () => (await import("./views/pages")).later;
const keeper = () => import("./views/thread");
const chat = new Chat(new Parley(window.location.origin + basePath, signedInHint, unconfirmedLogout, later), new Store(inFrames), later, keeper);
watchPage(chat);
void chat.restore();
if (signedInHint.read() !== null) prefetchThread();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <ChatContext.Provider value={chat}>
        <App />
      </ChatContext.Provider>
    </StrictMode>,
  );
}
