import * as texts from "../texts";
import { useChat, useStore } from "./context";
import { IconButton } from "./controls";

/** Short lines that say what was done or what went wrong. */
export function Notices() {
  const chat = useChat();
  const notices = useStore((state) => state.notices);
  return (
    <section className="notices" aria-label={texts.notices} role="status" aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className={`notice ${notice.isProblem ? "is-problem" : ""}`}>
          <span>{notice.text}</span>
          <IconButton icon="close" label={texts.close} onClick={() => chat.notices.dismiss(notice.id)} />
        </div>
      ))}
    </section>
  );
}
