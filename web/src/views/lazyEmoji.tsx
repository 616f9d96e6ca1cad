import { ComponentProps, useEffect } from "react";
import * as texts from "../texts";
import { Chunk, Extra } from "./Chunk";
import { useChat } from "./context";

/** The emoji and their names, which are large for what they are. */
const emoji = new Chunk("later", () => import("./EmojiPicker"));

const Picker = emoji.view("EmojiPicker");

export const prefetchEmoji = emoji.prefetch;

export function EmojiPicker(props: ComponentProps<typeof Picker>) {
  return (
    <Extra missing={<Missing onClose={props.onClose} />}>
      <Picker {...props} />
    </Extra>
  );
}

/** Closes what cannot be opened, and says so. */
export function Missing({ onClose }: { onClose(): void }) {
  const { notices } = useChat();
  useEffect(() => {
    notices.show(texts.missing, true);
    onClose();
  }, [notices, onClose]);
  return null;
}
