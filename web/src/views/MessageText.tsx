import { createContext, memo, ReactNode, useContext, useLayoutEffect, useMemo, useRef, useState } from "react";
import { routeOf } from "../app/router";
import { Inline } from "../lib/inlines";
import { linkify } from "../lib/linkify";
import { Block, isMarked, parseMarkdown } from "../lib/markdown";
import { splitMentions } from "../lib/mentions";
import * as texts from "../texts";
import { CodeBlock } from "./CodeBlock";
import { Link } from "./controls";
import type { Mentions } from "./useMentions";

/** A text that is higher than this, in pixels, is shown in part until its reader wants the rest. */
const highest = 400;

/** Less than this, in pixels, is not worth a button. */
const rest = 60;

const MentionsContext = createContext<Mentions | undefined>(undefined);

/** The text of a message: what it holds of Markdown, links, and whom it mentions; never HTML. */
export const MessageText = memo(function MessageText({ text, mentions }: { text: string; mentions: Mentions | undefined }) {
  return (
    <MentionsContext.Provider value={mentions}>
      <Text text={text} />
    </MentionsContext.Provider>
  );
});

function Text({ text }: { text: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [isLong, setLong] = useState(false);
  const [isOpen, setOpen] = useState(false);
  useLayoutEffect(() => {
    const { scrollHeight = 0 } = place.current ?? {};
    // Words in a line have no scroll height, and what is cut has no other.
    setLong(Math.max(scrollHeight, place.current?.getBoundingClientRect().height ?? 0) > highest + rest);
  }, [text]);
  const blocks = useMemo(() => (isMarked(text) ? parseMarkdown(text) : undefined), [text]);
  const [first] = blocks ?? [];
  const isPlain = blocks === undefined || (blocks.length === 1 && first?.kind === "paragraph");
  const content = blocks === undefined ? <Links text={text} /> : first?.kind === "paragraph" && isPlain ? <Inlines content={first.content} /> : <Blocks blocks={blocks} />;
  if (!isLong) {
    return isPlain ? (
      <p ref={place as never} className="message-text">
        {content}
      </p>
    ) : (
      <div ref={place} className="message-blocks">
        {content}
      </div>
    );
  }
  return (
    <>
      <div ref={place} className={`message-blocks is-long ${isOpen ? "" : "is-cut"}`}>
        {isPlain ? <p className="message-text">{content}</p> : content}
      </div>
      <button type="button" className="show-more" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? texts.message.showLess : texts.message.showMore}
      </button>
    </>
  );
}

/** Words, and those whom they mention. */
function Words({ text }: { text: string }) {
  const mentions = useContext(MentionsContext);
  if (mentions === undefined || !text.includes("@")) return <>{text}</>;
  return (
    <>
      {splitMentions(text, (name) => mentions.get(name)).map((part, index) =>
        typeof part === "string" ? (
          part
        ) : (
          <span key={index} className={`mention ${part.who.isMe ? "is-me" : ""}`} title={part.who.name}>
            {part.text}
          </span>
        ),
      )}
    </>
  );
}

function Links({ text }: { text: string }) {
  const parts = useMemo(() => linkify(text), [text]);
  return (
    <>
      {parts.map((part, index) => (part.kind === "text" ? <Words key={index} text={part.text} /> : <TextLink key={index} href={part.href}>{part.text}</TextLink>))}
    </>
  );
}

function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return (
    <>
      {blocks.map((block, index) => {
        switch (block.kind) {
          case "paragraph":
            return (
              <p key={index} className="message-text">
                <Inlines content={block.content} />
              </p>
            );
          case "code":
            return <CodeBlock key={index} language={block.language} text={block.text} />;
          case "quote":
            return (
              <blockquote key={index}>
                <Blocks blocks={block.blocks} />
              </blockquote>
            );
          case "list": {
            const items = block.items.map((item, number) => (
              <li key={number}>
                <Blocks blocks={item} />
              </li>
            ));
            return block.start === undefined ? <ul key={index}>{items}</ul> : <ol key={index} start={block.start}>{items}</ol>;
          }
        }
      })}
    </>
  );
}

const elements = { emphasis: "em", strong: "strong", strike: "s" } as const;

function Inlines({ content }: { content: readonly Inline[] }) {
  return (
    <>
      {content.map((part, index) => {
        switch (part.kind) {
          case "text":
            return <Words key={index} text={part.text} />;
          case "code":
            return <code key={index}>{part.text}</code>;
          case "link":
            return (
              <TextLink key={index} href={part.href}>
                <Inlines content={part.content} />
              </TextLink>
            );
          case "spoiler":
            return <Spoiler key={index} content={part.content} />;
          default: {
            const Element = elements[part.kind];
            return (
              <Element key={index}>
                <Inlines content={part.content} />
              </Element>
            );
          }
        }
      })}
    </>
  );
}

/** Words that are shown when their reader asks for them. */
function Spoiler({ content }: { content: readonly Inline[] }) {
  const [isShown, setShown] = useState(false);
  if (isShown) {
    return (
      <span className="spoiler is-shown">
        <Inlines content={content} />
      </span>
    );
  }
  return (
    <button type="button" className="spoiler" aria-label={texts.message.spoiler} title={texts.message.spoiler} onClick={() => setShown(true)}>
      <span aria-hidden="true">
        <Inlines content={content.map(withoutLinks)} />
      </span>
    </button>
  );
}

/** A link within a button would be neither. */
function withoutLinks(part: Inline): Inline {
  if (part.kind === "link") return { kind: "emphasis", content: part.content.map(withoutLinks) };
  return "content" in part ? { ...part, content: part.content.map(withoutLinks) } : part;
}

/** A link to a view of this server stays in the page; any other opens a tab of its own. */
function TextLink({ href, children }: { href: string; children: ReactNode }) {
  const route = routeOf(href);
  if (route !== undefined) return <Link to={route}>{children}</Link>;
  return (
    <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}
