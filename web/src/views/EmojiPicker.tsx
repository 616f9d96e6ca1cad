import { RefObject, useDeferredValue, useState } from "react";
import { Emoji, emojiGroups, findEmoji, keepTone, noteEmoji, readTone, recentEmoji, toned, tones } from "../lib/emoji";
import { isTouch } from "../lib/touch";
import * as texts from "../texts";
import { Popover } from "./Popover";

interface Props {
  anchor: RefObject<HTMLElement>;
  onPick(emoji: string): void;
  onClose(): void;
}

/** Picks an emoji: one of those that were used lately, by group, or by name. */
export function EmojiPicker({ anchor, onPick, onClose }: Props) {
  const [text, setText] = useState("");
  const [tone, setTone] = useState(readTone);
  const [recent] = useState(recentEmoji);
  const wanted = useDeferredValue(text.trim());
  const found = wanted === "" ? undefined : findEmoji(wanted);
  const pick = (emoji: string) => {
    noteEmoji(emoji);
    onPick(emoji);
  };
  const group = (name: string, list: readonly Emoji[]) =>
    list.length > 0 && (
      <div key={name} role="group" aria-label={name} className="emoji-group">
        <p className="emoji-group-name">{name}</p>
        <Grid list={list} tone={tone} onPick={pick} />
      </div>
    );
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
        {found === undefined ? (
          <>
            {group(texts.emoji.recent, recent)}
            {emojiGroups.map((list, index) => group(texts.emoji.groups[index] ?? "", list))}
          </>
        ) : (
          <Grid list={found} tone={tone} onPick={pick} />
        )}
        {found?.length === 0 && (
          <p className="emoji-none" role="status">
            {texts.emoji.none}
          </p>
        )}
      </div>
      <div className="emoji-tones" role="group" aria-label={texts.emoji.tone}>
        {tones.map((other, index) => (
          <button
            key={other}
            type="button"
            aria-label={texts.emoji.tones[index]}
            aria-pressed={tone === other}
            onClick={() => {
              keepTone(other);
              setTone(other);
            }}
          >
            {`✋${other}`}
          </button>
        ))}
      </div>
    </Popover>
  );
}

function Grid({ list, tone, onPick }: { list: readonly Emoji[]; tone: string; onPick(emoji: string): void }) {
  return (
    <div className="emoji-grid">
      {list.map((entry) => {
        const emoji = toned(entry, tone);
        return (
          <button key={emoji} type="button" title={entry.name} aria-label={entry.name} onClick={() => onPick(emoji)}>
            {emoji}
          </button>
        );
      })}
    </div>
  );
}
