import { useEffect, useState } from "react";
import * as texts from "../texts";
import { useChat, useStore } from "./context";

/** The banner appears only if the connection is away for this long, in milliseconds. */
const patience = 1_500;

/** Says that there is no connection. */
export function ConnectionBanner() {
  const chat = useChat();
  const status = useStore((state) => state.connection);
  const isAway = status !== "online";
  const [isShown, setShown] = useState(false);
  const hasFailed = useStore((state) => state.isAway);
  useEffect(() => {
    // A connection that went silent has been waited for already.
    if (status === "lost") setShown(true);
  }, [status]);
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
          <span>{hasFailed ? texts.connection.offline : texts.connection.connecting}</span>
          {hasFailed && (
            <button type="button" onClick={() => chat.probe()}>
              {texts.connection.retryNow}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
