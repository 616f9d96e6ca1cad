import { ClipboardEvent, FormEvent, KeyboardEvent, Suspense, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Conversation } from "../client/types";
import { isTouch } from "../lib/touch";
import { characters, limits } from "../rules/limits";
import { draftOf } from "../store/state";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { AttachmentTray } from "./AttachmentTray";
import { useChat, useStore } from "./context";
import { IconButton } from "./controls";
import { Icon } from "./icons";
import { EmojiPicker } from "./lazy";
import { MuteNote } from "./MuteNote";
import { useMutedUntil } from "./useMute";

const maxLength = limits.text.most;
/** The count is shown from this length on. */
const warnFrom = maxLength - 200;

/** Where the user writes a message: text, files, and the message it replies to. */
export function Composer({ conversation }: { conversation: Conversation }) {
  const { drafts, sending, store, typing } = useChat();
  const { id } = conversation;
  const draft = useStore((state) => draftOf(state, id));
  const input = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const length = characters(draft.text.trim());
  const isTooLong = length > maxLength;
  const isMuted = useMutedUntil() !== undefined;
  const isEmpty = length === 0 && draft.uploads.length === 0;
  const reference = draft.editing ?? draft.replyTo;

  // The field grows with its text, up to the limit of the style sheet.
  useLayoutEffect(() => {
    const element = input.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [draft.text]);

  // On a touch screen, focus would open a keyboard over the messages.
  useEffect(() => {
    if (!isTouch || reference !== undefined) input.current?.focus();
  }, [id, reference]);

  /** Inserts text at the caret. */
  const insert = (text: string) => {
    const element = input.current;
    if (element === null) return;
    element.setRangeText(text, element.selectionStart, element.selectionEnd, "end");
    drafts.change(id, { text: element.value });
    if (!isTouch) element.focus();
  };
  const submit = () => {
    if (isTooLong || isMuted) return;
    typing.set(id, false);
    sending.submit(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing && !isTouch) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && reference !== undefined) {
      drafts.stopReference(id);
    } else if (event.key === "ArrowUp" && draft.text === "" && reference === undefined) {
      const { me, timelines } = store.state;
      const mine = timelines[id]?.messages.filter((message) => message.sender.id === me?.id && message.deletedAt === undefined);
      const last = mine?.[mine.length - 1];
      if (last === undefined) return;
      event.preventDefault();
      drafts.edit(last);
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = Array.from(event.clipboardData.files);
    // Office programs copy a text together with a picture of it: paste the text.
    if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    drafts.attach(id, files);
  };

  return (
    <form
      className="composer"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        submit();
      }}
    >
      {reference !== undefined && (
        <div className="composer-reference">
          <Icon name={draft.editing === undefined ? "reply" : "edit"} size={18} />
          <span className="composer-reference-text">
            <span>{draft.editing === undefined ? texts.composer.replyingTo(reference.sender.displayName) : texts.composer.editing}</span>
            <bdi>{messageSummary(reference)}</bdi>
          </span>
          <IconButton
            icon="close"
            label={draft.editing === undefined ? texts.composer.stopReply : texts.composer.stopEdit}
            onClick={() => drafts.stopReference(id)}
          />
        </div>
      )}
      <MuteNote />
      <AttachmentTray conversationId={id} taskIds={draft.uploads} />
      <div className="composer-line">
        {draft.editing === undefined && (
          <>
            <IconButton icon="attach" label={texts.composer.attach} onClick={() => picker.current?.click()} />
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              tabIndex={-1}
              aria-label={texts.composer.attach}
              onChange={(event) => {
                drafts.attach(id, Array.from(event.target.files ?? []));
                event.target.value = "";
              }}
            />
          </>
        )}
        <textarea
          ref={input}
          rows={1}
          dir="auto"
          value={draft.text}
          placeholder={texts.composer.placeholder}
          aria-label={texts.composer.label}
          onChange={(event) => {
            drafts.change(id, { text: event.target.value });
            typing.set(id, event.target.value !== "");
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={() => typing.set(id, false)}
        />
        <EmojiButton onPick={insert} />
        <button
          type="submit"
          className="send"
          disabled={isEmpty || isTooLong || isMuted}
          aria-label={draft.editing === undefined ? texts.composer.send : texts.composer.saveEdit}
          title={draft.editing === undefined ? texts.composer.send : texts.composer.saveEdit}
          // Keeps the keyboard of a phone open.
          onPointerDown={(event) => event.preventDefault()}
        >
          <Icon name={draft.editing === undefined ? "send" : "check"} />
        </button>
      </div>
      {length > warnFrom && (
        <p className={`composer-length ${isTooLong ? "is-problem" : ""}`} role="status">
          {isTooLong ? texts.composer.tooLong(length - maxLength) : `${length} / ${maxLength}`}
        </p>
      )}
    </form>
  );
}

function EmojiButton({ onPick }: { onPick(emoji: string): void }) {
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <>
      <IconButton
        ref={button}
        icon="smile"
        label={texts.composer.emoji}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      />
      {isOpen && (
        <Suspense fallback={null}>
          <EmojiPicker
            anchor={button}
            onPick={(emoji) => {
              onPick(emoji);
              // On a touch screen the picker stays open for more.
              if (!isTouch) close();
            }}
            onClose={close}
          />
        </Suspense>
      )}
    </>
  );
}
