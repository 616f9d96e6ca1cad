import { useEffect, useState } from "react";
import { texts } from "../texts";
import { useChat, useStore } from "./context";

/** A lost connection is shown only when it stays away this long, in milliseconds. */
const patience = 1_500;

/** Says honestly that there is no connection. */
export function ConnectionBanner() {
  const chat = useChat();
  const status = useStore((state) => state.connection);
  const isAway = status !== "online";
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (!isAway) {
      setShown(false);
      return undefined;
    }
    const timer = setTimeout(() => setShown(true), patience);
    return () => clearTimeout(timer);
  }, [isAway]);
  return (
    <div className="banner-place" role="status">
      {isShown && (
        <div className="banner">
          <span>{status === "waiting" ? texts.connection.offline : texts.connection.connecting}</span>
          {status === "waiting" && (
            <button type="button" onClick={() => chat.connectNow()}>
              {texts.connection.retryNow}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
