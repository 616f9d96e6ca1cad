import { FormEvent, useCallback, useRef, useState } from "react";
import { StatusMessage, User } from "../client/types";
import { statusEnd, StatusLength, statusLengths } from "../lib/muting";
import { limits } from "../rules/limits";
import { saidBy } from "../store/status";
import * as texts from "../texts";
import { useChat, useStore } from "./context";
import { Field } from "./Field";
import { Icon } from "./icons";
import { EmojiPicker } from "./lazyEmoji";
import { endText } from "./QuietForm";
import { useManaging } from "./useManaging";
import { useMutedUntil } from "./useMute";

/** What the user says of themselves for now. */
export function StatusForm({ me }: { me: User }) {
  const said = useStore((state) => saidBy(me, state.now));
  // Another device may change it while this one shows it.
  return <Form key={JSON.stringify(said)} said={said} />;
}

function Form({ said }: { said: StatusMessage | undefined }) {
  const { notices } = useChat();
  const manager = useManaging();
  const button = useRef<HTMLButtonElement>(null);
  const [text, setText] = useState(said?.text ?? "");
  const [emoji, setEmoji] = useState(said?.emoji);
  const [length, setLength] = useState<StatusLength | "kept">(said?.until === undefined ? "never" : "kept");
  const [isPicking, setPicking] = useState(false);
  const close = useCallback(() => setPicking(false), []);
  const isMuted = useMutedUntil() !== undefined;
  const isChanged = text.trim() !== (said?.text ?? "") || emoji !== said?.emoji || (length !== "kept" && (length !== "never" || said?.until !== undefined));
  const put = (statusMessage: StatusMessage | null) =>
    void notices.attempt(async () => {
      await manager.updateMe({ statusMessage });
      notices.show(texts.saved);
    });
  const save = (event: FormEvent) => {
    event.preventDefault();
    const until = length === "kept" ? said?.until : statusEnd(length, new Date())?.toISOString();
    put({ text: text.trim(), ...(emoji === undefined ? {} : { emoji }), ...(until === undefined ? {} : { until }) });
  };
  return (
    <form className="section status-form" aria-label={texts.status.title} onSubmit={save}>
      <h2>{texts.status.title}</h2>
      <div className="status-line">
        <button ref={button} type="button" className="button status-emoji" aria-label={texts.status.emoji} aria-haspopup="dialog" aria-expanded={isPicking} onClick={() => setPicking(!isPicking)}>
          {emoji ?? <Icon name="smile" />}
        </button>
        {isPicking && (
          <EmojiPicker
            anchor={button}
            onPick={(picked) => {
              setEmoji(picked);
              close();
              button.current?.focus();
            }}
            onClose={close}
          />
        )}
        <Field label={texts.status.label} value={text} limit={limits.statusText} hint={texts.status.hint} onChange={(event) => setText(event.target.value)} />
      </div>
      <label className="field select">
        <span>{texts.status.end}</span>
        <span className="field-box">
          <select value={length} onChange={(event) => setLength(event.target.value as StatusLength)}>
            {said?.until !== undefined && <option value="kept">{texts.status.until(endText(said.until))}</option>}
            {statusLengths.map((each) => (
              <option key={each} value={each}>
                {texts.status.ends[each]}
              </option>
            ))}
          </select>
        </span>
      </label>
      <div className="form-actions">
        {said !== undefined && (
          <button type="button" className="button" disabled={isMuted} onClick={() => put(null)}>
            {texts.status.clear}
          </button>
        )}
        <button type="submit" className="button primary" disabled={!isChanged || isMuted || text.trim() === ""}>
          {texts.status.set}
        </button>
      </div>
    </form>
  );
}
