import { memo, MouseEvent, useRef, useState } from "react";
import { Conversation } from "../client/types";
import * as texts from "../texts";
import { Extra } from "./Chunk";
import { ConversationItem } from "./ConversationItem";
import { IconButton } from "./controls";
import { ConversationMenu } from "./lazy";
import type { Point } from "./Popover";
import { useLongPress } from "./useLongPress";

/** An entry of the user's list, with its menu: by its button, by a right click, and by a long press. */
export const ConversationEntry = memo(function ConversationEntry(props: { conversation: Conversation; isSelected: boolean }) {
  const { conversation } = props;
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<true | Point>();
  /** Whether the finger that is lifted next has opened the menu, and so does not follow the link. */
  const isPressed = useRef(false);
  const longPress = useLongPress(() => {
    isPressed.current = true;
    setOpen(true);
  });
  const onContextMenu = (event: MouseEvent) => {
    longPress.onContextMenu(event);
    if (event.defaultPrevented || (event.target instanceof Element && event.target.closest(".popover") !== null)) return;
    event.preventDefault();
    setOpen({ x: event.clientX, y: event.clientY });
  };
  return (
    <div
      className={`conversation-entry ${open === undefined ? "" : "is-open"}`}
      {...longPress}
      onContextMenu={onContextMenu}
      onPointerDownCapture={() => (isPressed.current = false)}
      onClickCapture={(event) => {
        if (!isPressed.current) return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <ConversationItem {...props} />
      {conversation.me !== undefined && (
        <IconButton
          ref={button}
          icon="more"
          className="conversation-menu"
          label={texts.sidebar.actions}
          aria-haspopup="menu"
          aria-expanded={open !== undefined}
          onClick={() => setOpen(open === undefined ? true : undefined)}
        />
      )}
      {open !== undefined && (
        <Extra>
          <ConversationMenu conversation={conversation} anchor={button} at={open === true ? undefined : open} onClose={() => setOpen(undefined)} />
        </Extra>
      )}
    </div>
  );
});
