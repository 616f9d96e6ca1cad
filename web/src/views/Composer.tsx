import { ClipboardEvent, FormEvent, KeyboardEvent, memo, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Conversation, Id } from "../client/types";
import { droppedFiles } from "../lib/droppedFiles";
import { isComposing } from "../lib/keys";
import { isTouch } from "../lib/touch";
import { characters, limits, withoutBlankEdges } from "../rules/limits";
import { afterActs, textAfter } from "../store/acts";
import { draftOf } from "../store/state";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { Extra } from "./Chunk";
import { useCompletion } from "./Completion";
import { useStore } from "./context";
import { IconButton } from "./controls";
import { Icon } from "./icons";
import { AttachmentTray } from "./lazy";
import { EmojiPicker, Missing } from "./lazyEmoji";
import { Recorder } from "./lazyVoice";
import { MuteNote } from "./MuteNote";
import { Tools, toolKeys } from "./Tools";
import { useMutedUntil } from "./useMute";
import { useWriters } from "./useWriters";

const maxLength = limits.text.most;
/** The count is shown from this length on. */
const warnFrom = maxLength - 200;

/** Where the user writes a message: text, files, and the message it replies to. */
export const Composer = memo(function Composer({ conversation }: { conversation: Conversation }) {
  const { drafts, sending, store, typing } = useWriters();
  const { id } = conversation;
  const draft = useStore((state) => draftOf(state, id));
  const input = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const microphone = useRef<HTMLButtonElement>(null);
  const wasRecording = useRef(false);
  const { editing, replyTo } = draft;
  const text = editing?.text ?? draft.text;
  const length = characters(withoutBlankEdges(text));
  const isTooLong = length > maxLength;
  const isMuted = useMutedUntil() !== undefined;
  const isEmpty = length === 0 && (editing === undefined ? draft.uploads.length === 0 : !editing.mayBeEmpty);
  const reference = editing?.target ?? replyTo?.id;
  const [hasTools, setTools] = useState(false);
  const [isRecording, setRecording] = useState(false);

  // The field grows with its text, up to the limit of the style sheet.
  useLayoutEffect(() => {
    const element = input.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  // On a touch screen, focus would open a keyboard over the messages.
  useEffect(() => {
    if (!isTouch || reference !== undefined) input.current?.focus();
  }, [id, reference]);

  /** Inserts text at the caret. */
  const insert = (text: string) => {
    const element = input.current;
    if (element === null) return;
    element.setRangeText(text, element.selectionStart, element.selectionEnd, "end");
    drafts.write(id, element.value);
    if (!isTouch) element.focus();
  };
  /** Puts a text in the place of another one, so that the browser can undo it. */
  const put = (from: number, to: number, text: string) => {
    const element = input.current;
    if (element === null) return;
    element.focus();
    element.setSelectionRange(from, to);
    const isDone = text === "" ? document.execCommand("delete") : document.execCommand("insertText", false, text);
    if (!isDone) {
      element.setRangeText(text, from, to, "end");
      drafts.write(id, element.value);
    }
  };
  const use = (tool: (typeof toolKeys)[string]) => {
    const element = input.current;
    if (element === null) return;
    const { from, to, text, start, end } = tool({ text: element.value, start: element.selectionStart, end: element.selectionEnd });
    put(from, to, text);
    element.setSelectionRange(start, end);
  };
  const completion = useCompletion(conversation, input, text, put);
  const submit = () => {
    if (isTooLong || isMuted) return;
    typing.set(id, false);
    sending.submit(id);
  };
  const stopRecording = useCallback(() => {
    setRecording(false);
    wasRecording.current = true;
  }, []);
  useEffect(() => {
    if (isRecording || !wasRecording.current) return;
    wasRecording.current = false;
    (isTouch ? microphone : input).current?.focus();
  }, [isRecording]);
  const isDeleting = (messageId: Id) => store.state.acts[messageId]?.some(({ change }) => change.kind === "delete") === true;
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event) || completion.onKeyDown(event)) return;
    const tool = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey ? toolKeys[event.key] : undefined;
    if (tool !== undefined) {
      event.preventDefault();
      use(tool);
    } else if (event.key === "Enter" && !event.shiftKey && !isTouch) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && reference !== undefined) {
      drafts.stopReference(id);
    } else if (event.key === "ArrowUp" && text === "" && reference === undefined) {
      const { me, timelines, pending, acts } = store.state;
      const waiting = pending.filter(({ conversationId }) => conversationId === id).pop();
      if (waiting !== undefined) {
        event.preventDefault();
        drafts.editPending({ ...waiting, text: textAfter(waiting.text, acts[waiting.clientId] ?? []) });
        return;
      }
      const mine = timelines[id]?.messages.filter((message) => message.sender.id === me?.id && message.deletedAt === undefined && !isDeleting(message.id));
      const last = mine?.[mine.length - 1];
      if (last === undefined) return;
      event.preventDefault();
      drafts.edit(afterActs(last, store.state.acts[last.id], me?.id ?? ""));
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    // Office programs copy a text together with a picture of it: paste the text.
    if (event.clipboardData.files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    void drafts.attachDropped(id, droppedFiles(event.clipboardData, limits.attachments.most));
  };

  if (isRecording) {
    return (
      <div className="composer">
        <Extra missing={<Missing onClose={stopRecording} />}>
          <Recorder conversationId={id} onClose={stopRecording} />
        </Extra>
      </div>
    );
  }
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
          <Icon name={editing === undefined ? "reply" : "edit"} size={18} />
          <span className="composer-reference-text">
            <span>{editing === undefined ? texts.composer.replyingTo(replyTo?.sender.displayName ?? "") : texts.composer.editing}</span>
            <bdi>{editing?.summary ?? (replyTo !== undefined && messageSummary(replyTo))}</bdi>
          </span>
          <IconButton
            icon="close"
            label={editing === undefined ? texts.composer.stopReply : texts.composer.stopEdit}
            onClick={() => drafts.stopReference(id)}
          />
        </div>
      )}
      {editing?.problem !== undefined && (
        <p className="mute" role="alert">
          <Icon name="warning" size={18} />
          {texts.message.notSaved(editing.problem)}
        </p>
      )}
      <MuteNote />
      {draft.uploads.length > 0 && editing === undefined && (
        <Extra>
          <AttachmentTray conversationId={id} taskIds={draft.uploads} />
        </Extra>
      )}
      {hasTools && <Tools onUse={use} />}
      {completion.list}
      <div className="composer-line">
        {editing === undefined && (
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
          value={text}
          placeholder={texts.composer.placeholder}
          aria-label={texts.composer.label}
          onChange={(event) => {
            drafts.write(id, event.target.value);
            completion.onSelect();
            // Nobody waits for an edit of what they have read.
            if (editing === undefined) typing.set(id, event.target.value !== "");
          }}
          onKeyDown={onKeyDown}
          onSelect={completion.onSelect}
          onPaste={onPaste}
          {...completion.attributes}
          onBlur={() => typing.set(id, false)}
        />
        <IconButton icon="aa" label={texts.tools.show} aria-pressed={hasTools} onPointerDown={(event) => event.preventDefault()} onClick={() => setTools(!hasTools)} />
        <EmojiButton onPick={insert} />
        {text === "" && editing === undefined && !isMuted && (
          <IconButton ref={microphone} icon="mic" label={texts.voice.record} onClick={() => setRecording(true)} />
        )}
        <button
          type="submit"
          className="send"
          disabled={isEmpty || isTooLong || isMuted}
          aria-label={editing === undefined ? texts.composer.send : texts.composer.saveEdit}
          title={editing === undefined ? texts.composer.send : texts.composer.saveEdit}
          // Keeps the keyboard of a phone open.
          onPointerDown={(event) => event.preventDefault()}
        >
          <Icon name={editing === undefined ? "send" : "check"} />
        </button>
      </div>
      {length > warnFrom && (
        <p className={`composer-length ${isTooLong ? "is-problem" : ""}`} role="status">
          {isTooLong ? texts.composer.tooLong(length - maxLength) : `${length} / ${maxLength}`}
        </p>
      )}
    </form>
  );
});

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
        <EmojiPicker
          anchor={button}
          onPick={(emoji) => {
            onPick(emoji);
            // On a touch screen the picker stays open for more.
            if (!isTouch) close();
          }}
          onClose={close}
        />
      )}
    </>
  );
}
