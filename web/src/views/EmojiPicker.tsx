import { RefObject, useState } from "react";
import { emojiGroups } from "../lib/emoji";
import { isTouch } from "../lib/touch";
import * as texts from "../texts";
import { Popover } from "./Popover";

interface Props {
  anchor: RefObject<HTMLElement>;
  onPick(emoji: string): void;
  onClose(): void;
}

/** Picks an emoji, by group or by name. */
export function EmojiPicker({ anchor, onPick, onClose }: Props) {
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const groups = emojiGroups.map((group) => group.filter(({ name }) => name.includes(wanted)));
  return (
    <Popover anchor={anchor} label={texts.emoji.label} role="dialog" columns={8} onClose={onClose}>
      {/* On a touch screen, the field would open a keyboard over the emoji. */}
      {!isTouch && (
        <input
          className="emoji-search"
          value={text}
          placeholder={texts.emoji.search}
          aria-label={texts.emoji.search}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      <div className="emoji-groups">
        {groups.map(
          (group, index) =>
            group.length > 0 && (
              <div key={texts.emoji.groups[index]} role="group" aria-label={texts.emoji.groups[index]}>
                <p className="emoji-group-name">{texts.emoji.groups[index]}</p>
                <div className="emoji-grid">
                  {group.map(({ emoji, name }) => (
                    <button key={emoji} type="button" title={name} aria-label={name} onClick={() => onPick(emoji)}>
                      {emoji}
                    </button>
                  ))}
                </div>
              </div>
            ),
        )}
        {groups.every((group) => group.length === 0) && (
          <p className="emoji-none" role="status">
            {texts.emoji.none}
          </p>
        )}
      </div>
    </Popover>
  );
}
