import { FormEvent, ReactNode, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { characters, fits, Limit, trimmed } from "../rules/limits";
import * as texts from "../texts";
import { Field } from "./Field";

interface DialogProps {
  title: string;
  onClose(): void;
  children: ReactNode;
}

/** A modal dialog. The browser's own element keeps the focus inside and closes on Escape. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
  }, []);
  return createPortal(
    <dialog
      ref={element}
      className="dialog"
      aria-label={title}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div className="dialog-body">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>,
    document.body,
  );
}

interface ConfirmProps {
  title: string;
  action: string;
  onConfirm(): void;
  onClose(): void;
}

export function ConfirmDialog({ title, action, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose} autoFocus>
          {texts.cancel}
        </button>
        <button
          type="button"
          className="button danger"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}

interface PromptProps {
  title: string;
  label: string;
  action: string;
  initial?: string;
  limit: Limit;
  onSubmit(text: string): void;
  onClose(): void;
}

/** A dialog that asks for a line of text. */
export function PromptDialog({ title, label, action, initial = "", limit, onSubmit, onClose }: PromptProps) {
  const [text, setText] = useState(initial);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onClose();
    onSubmit(trimmed(text));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label={label} value={text} limit={limit} onChange={(event) => setText(event.target.value)} autoFocus />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button type="submit" className="button primary" disabled={!fits(characters(trimmed(text)), limit)}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
