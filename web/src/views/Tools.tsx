import { Replacement, Field, Mark, withFence, withLink, withMark, withPrefix } from "../lib/writing";
import * as texts from "../texts";
import { IconButton } from "./controls";
import { IconName } from "./icons";

/** What a tool does to the text in the field. */
type Tool = (field: Field) => Replacement;

const mark = (kind: Mark): Tool => (field) => withMark(field, kind);

const tools: readonly { icon: IconName; label: string; tool: Tool }[] = [
  { icon: "bold", label: texts.tools.bold, tool: mark("bold") },
  { icon: "italic", label: texts.tools.italic, tool: mark("italic") },
  { icon: "strike", label: texts.tools.strike, tool: mark("strike") },
  { icon: "code", label: texts.tools.code, tool: mark("code") },
  { icon: "fence", label: texts.tools.fence, tool: withFence },
  { icon: "quote", label: texts.tools.quote, tool: (field) => withPrefix(field, "> ") },
  { icon: "list", label: texts.tools.list, tool: (field) => withPrefix(field, "- ") },
  { icon: "eyeOff", label: texts.tools.spoiler, tool: mark("spoiler") },
  { icon: "link", label: texts.tools.link, tool: withLink },
];

/** By key, with Ctrl or ⌘. */
export const toolKeys: Readonly<Record<string, Tool>> = { b: mark("bold"), i: mark("italic"), e: mark("code") };

/** The buttons that mark what is written. */
export function Tools({ onUse }: { onUse(tool: Tool): void }) {
  return (
    <div className="tools" role="toolbar" aria-label={texts.tools.label}>
      {tools.map(({ icon, label, tool }) => (
        // The field keeps its selection.
        <IconButton key={icon} icon={icon} label={label} onPointerDown={(event) => event.preventDefault()} onClick={() => onUse(tool)} />
      ))}
    </div>
  );
}
