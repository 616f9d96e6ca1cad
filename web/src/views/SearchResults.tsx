import { useEffect, useState } from "react";
import { navigate } from "../app/router";
import { Conversation, Id, Message, User } from "../client/types";
import { shortTime } from "../lib/time";
import { texts } from "../texts";
import { Avatar, titleOf } from "./Avatar";
import { ConversationItem } from "./ConversationItem";
import { useChat, useStore } from "./context";
import { Empty, Link, Spinner } from "./controls";

interface Found {
  text: string;
  people: readonly User[];
  messages: readonly Message[];
  hasMore: boolean;
}

/** Typing settles this long before the server is asked, in milliseconds. */
const pause = 250;

/** What the search field finds: conversations at once, people and messages from the server. */
export function SearchResults({ text, selected, onDone }: { text: string; selected: Id | undefined; onDone(): void }) {
  const chat = useChat();
  const meId = useStore((state) => state.me?.id);
  const conversations = useStore((state) => state.conversations);
  const [found, setFound] = useState<Found>();

  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      void chat.attempt(async () => {
        try {
          const [people, page] = await Promise.all([
            chat.parley.findUsers(text, controller.signal),
            chat.parley.search(text, {}, controller.signal),
          ]);
          setFound({ text, people, messages: page.messages, hasMore: page.hasMore });
        } catch (error) {
          if (!controller.signal.aborted) throw error;
        }
      });
    }, pause);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [chat, text]);

  const wanted = text.toLocaleLowerCase();
  const named = Object.values(conversations).filter((conversation) =>
    titleOf(conversation, meId).toLocaleLowerCase().includes(wanted),
  );
  const people = found?.people.filter((user) => user.id !== meId) ?? [];
  const messages = found?.messages ?? [];
  const openPerson = async (user: User) => {
    await chat.attempt(async () => navigate({ view: "conversation", id: (await chat.startDirect(user.id)).id }));
    onDone();
  };
  const more = async () => {
    const last = messages[messages.length - 1];
    if (found === undefined || last === undefined) return;
    await chat.attempt(async () => {
      const page = await chat.parley.search(text, { before: last.id });
      setFound({ ...found, messages: [...messages, ...page.messages], hasMore: page.hasMore });
    });
  };

  if (named.length + people.length + messages.length === 0) {
    return found?.text === text ? (
      <div role="status">
        <Empty icon="search" title={texts.sidebar.nothingFound(text)} text={texts.sidebar.nothingFoundHint} />
      </div>
    ) : (
      <Spinner label={texts.sidebar.searching} />
    );
  }
  return (
    <div className="search-results">
      {named.length > 0 && (
        <section aria-label={texts.sidebar.conversations}>
          <h2>{texts.sidebar.conversations}</h2>
          <ul>
            {named.map((conversation) => (
              <li key={conversation.id}>
                <ConversationItem conversation={conversation} isSelected={conversation.id === selected} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {people.length > 0 && (
        <section aria-label={texts.sidebar.people}>
          <h2>{texts.sidebar.people}</h2>
          <ul>
            {people.map((user) => (
              <li key={user.id}>
                <button type="button" className="person" onClick={() => void openPerson(user)}>
                  <Avatar user={user} showsPresence />
                  <span className="person-text">
                    <bdi className="person-name">{user.displayName}</bdi>
                    <span className="person-note">@{user.username}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {messages.length > 0 && (
        <section aria-label={texts.sidebar.messages}>
          <h2>{texts.sidebar.messages}</h2>
          <ul>
            {messages.map((message) => (
              <li key={message.id}>
                <FoundMessage message={message} conversation={conversations[message.conversationId]} text={text} />
              </li>
            ))}
          </ul>
          {found?.hasMore === true && (
            <button type="button" className="button wide" onClick={() => void more()}>
              {texts.sidebar.more}
            </button>
          )}
        </section>
      )}
    </div>
  );
}

function FoundMessage(props: { message: Message; conversation: Conversation | undefined; text: string }) {
  const { message, conversation, text } = props;
  const meId = useStore((state) => state.me?.id);
  return (
    <Link to={{ view: "conversation", id: message.conversationId, seq: message.seq }} className="found-message">
      <span className="conversation-item-line">
        <bdi className="conversation-item-title">{conversation === undefined ? "" : titleOf(conversation, meId)}</bdi>
        <time dateTime={message.createdAt}>{shortTime(message.createdAt)}</time>
      </span>
      <span className="found-message-text">
        {message.sender.id === meId ? texts.you : message.sender.displayName}: <Excerpt text={message.text} wanted={text} />
      </span>
    </Link>
  );
}

/** A message's text around the first of the wanted words, which are marked. */
function Excerpt({ text, wanted }: { text: string; wanted: string }) {
  const words = wanted.split(/\s+/u).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(${words.join("|")})`, "iu");
  const at = text.search(pattern);
  const shown = at > 50 ? `…${text.slice(at - 40)}` : text;
  const parts = shown.slice(0, 300).split(new RegExp(pattern.source, "giu"));
  return <bdi>{parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}</bdi>;
}
