import { useRef } from "react";
import { isComposing } from "../lib/keys";
import * as texts from "../texts";
import { IconButton } from "./controls";
import { Icon } from "./icons";

interface Props {
  label: string;
  text: string;
  onChange(text: string): void;
  autoFocus?: boolean;
}

/** A search field. Escape empties it. */
export function SearchBox({ label, text, onChange, autoFocus = false }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const clear = () => {
    onChange("");
    input.current?.focus();
  };
  return (
    <div className="search-box">
      <Icon name="search" size={18} />
      <input
        ref={input}
        type="search"
        value={text}
        aria-label={label}
        placeholder={label}
        autoFocus={autoFocus}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || text === "" || isComposing(event)) return;
          // Otherwise Escape would also close a dialog around the field.
          event.preventDefault();
          clear();
        }}
      />
      {text !== "" && <IconButton icon="close" label={texts.sidebar.clearSearch} onClick={clear} />}
    </div>
  );
}
