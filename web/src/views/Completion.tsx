import { KeyboardEvent, RefObject, useEffect, useMemo, useState } from "react";
import { findMembers } from "../app/completing";
import { Conversation, User } from "../client/types";
import { isComposing } from "../lib/keys";
import { begunAt, completeNames } from "../lib/writing";
import { ownRole } from "../store/state";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { useChat, useStore } from "./context";

/** Something that can take the place of what is being written. */
interface Choice {
  readonly key: string;
  readonly text: string;
  readonly label: string;
  readonly note?: string;
  readonly user?: User;
}

const most = 8;

/** The server is asked for names when nothing was typed for so long, in milliseconds. */
const pause = 150;

const everybody: Choice = { key: "all", text: "@all ", label: "@all", note: texts.tools.all };

/** Offers names behind an @ and emoji behind a colon. The keys are the field's, so the answer handles them. */
export function useCompletion(
  conversation: Conversation,
  input: RefObject<HTMLTextAreaElement>,
  text: string,
  put: (from: number, to: number, text: string) => void,
) {
  const [caret, setCaret] = useState(0);
  const [choices, setChoices] = useState<readonly Choice[]>([]);
  const [index, setIndex] = useState(0);
  const [dropped, setDropped] = useState<number>();
  const meId = useStore((state) => state.me?.id);
  const people = useStore((state) => state.people);
  const candidates = useCandidates(conversation, text, caret);
  const callsAll = conversation.kind === "group" && ownRole(conversation) !== "member";
  const begun = begunAt(text, caret);
  const { sign, text: wanted, from } = begun ?? {};

  useEffect(() => setIndex(0), [sign, wanted]);

  useEffect(() => {
    let isCurrent = true;
    if (wanted === undefined || sign === undefined) {
      setChoices([]);
      setDropped(undefined);
    } else if (sign === "@") {
      const others = candidates.map((user) => people[user.id] ?? user).filter(({ id, closed }) => id !== meId && closed !== true);
      const all = callsAll && "all".startsWith(wanted.toLowerCase()) ? [everybody] : [];
      const named = completeNames(others, wanted, most - all.length).map((user): Choice => ({ key: user.id, text: `@${user.username} `, label: user.displayName, note: `@${user.username}`, user }));
      setChoices(wanted === "" ? [...named, ...all] : [...all, ...named]);
    } else {
      import("../lib/emoji").then(
        ({ findEmoji, readTone, toned }) => {
          const found = findEmoji(wanted, most).map((entry) => ({ entry, emoji: toned(entry, readTone()) }));
          if (isCurrent) setChoices(found.map(({ entry, emoji }) => ({ key: entry.emoji, text: `${emoji} `, label: `${emoji}  ${entry.name}` })));
        },
        // The picker says that it cannot be fetched.
        () => {},
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [sign, wanted, candidates, callsAll, people, meId]);

  const isOpen = begun !== undefined && choices.length > 0 && from !== dropped;
  const pick = (choice: Choice | undefined) => {
    if (choice === undefined || begun === undefined) return;
    put(begun.from, caret, choice.text);
  };
  /** Answers whether the key was one of the list's. */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen || isComposing(event) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    if (event.key === "ArrowDown") setIndex((index + 1) % choices.length);
    else if (event.key === "ArrowUp") setIndex((index + choices.length - 1) % choices.length);
    else if (event.key === "Enter" || event.key === "Tab") pick(choices[index]);
    else if (event.key === "Escape") setDropped(from);
    else return false;
    event.preventDefault();
    return true;
  };
  const list = isOpen && (
    <ul className="completion" role="listbox" id="completion" aria-label={sign === "@" ? texts.tools.people : texts.tools.emoji}>
      {choices.map((choice, number) => (
        <li
          key={choice.key}
          id={`completion-${number}`}
          role="option"
          aria-selected={number === index}
          // The field keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => pick(choice)}
        >
          {choice.user !== undefined && <Avatar user={choice.user} size="tiny" />}
          <bdi>{choice.label}</bdi>
          {choice.note !== undefined && <span className="person-note">{choice.note}</span>}
        </li>
      ))}
    </ul>
  );
  return {
    list,
    onKeyDown,
    onSelect: () => setCaret(input.current?.selectionStart === input.current?.selectionEnd ? input.current?.selectionStart ?? 0 : -1),
    attributes: isOpen ? { "aria-controls": "completion", "aria-activedescendant": `completion-${index}` } : {},
  };
}

/** Who can be mentioned: the members that the conversation lists, and of a large group those who were found meanwhile. */
function useCandidates(conversation: Conversation, text: string, caret: number): readonly User[] {
  const chat = useChat();
  const { id, members, memberCount } = conversation;
  const [found, setFound] = useState<readonly User[]>([]);
  const begun = begunAt(text, caret);
  const wanted = begun?.sign === "@" && memberCount > members.length ? begun.text : "";
  useEffect(() => {
    if (wanted === "") return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      findMembers(chat, id, wanted, most, controller.signal).then(
        (users) => setFound((before) => [...users, ...before.filter((user) => !users.some((other) => other.id === user.id))]),
        // Those who are listed can still be chosen.
        () => {},
      );
    }, pause);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [chat, id, wanted]);
  return useMemo(() => {
    const listed = members.map(({ user }) => user);
    const known = new Set(listed.map((user) => user.id));
    return [...listed, ...found.filter((user) => !known.has(user.id))];
  }, [members, found]);
}
