import { ReactNode } from "react";
import { Message, Upload } from "../client/types";
import * as texts from "../texts";
import { useWriters } from "./useWriters";

/** A link that saves a file of a message. */
export function Download({ className, message, upload, children }: { className: string; message: Pick<Message, "id">; upload: Upload; children: ReactNode }) {
  const { messages } = useWriters();
  return (
    <a
      className={className}
      href={upload.url}
      download={upload.name}
      aria-label={texts.attachment.download(upload.name)}
      onClick={(event) => {
        event.preventDefault();
        void messages.download(message, upload);
      }}
    >
      {children}
    </a>
  );
}
