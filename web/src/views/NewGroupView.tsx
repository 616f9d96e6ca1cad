import { FormEvent, useState } from "react";
import { navigate } from "../app/router";
import { limits } from "../rules/limits";
import * as texts from "../texts";
import { ChosenPeople, useChosen } from "./ChosenPeople";
import { useChat } from "./context";
import { Field } from "./Field";
import { MuteNote } from "./MuteNote";
import { PaneHead } from "./PaneHead";
import { PeoplePicker } from "./PeoplePicker";
import { useMutedUntil } from "./useMute";
import { useManaging } from "./useManaging";

type Visibility = "private" | "public";

const choices: { value: Visibility; title: string; text: string }[] = [
  { value: "private", title: texts.start.private, text: texts.start.privateText },
  { value: "public", title: texts.start.public, text: texts.start.publicText },
];

export function NewGroupView() {
  const chat = useChat();
  const manager = useManaging();
  const [title, setTitle] = useState("");
  const [visibility, setVisibility] = useState<Visibility>("private");
  const [members, toggle] = useChosen();
  const [isBusy, setBusy] = useState(false);
  const isMuted = useMutedUntil() !== undefined;

  const create = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const isDone = await chat.notices.attempt(async () => {
      const group = { title: title.trim(), visibility, memberIds: members.map(({ id }) => id) };
      navigate({ view: "conversation", id: (await manager.startGroup(group)).id }, { replace: true });
    });
    if (!isDone) setBusy(false);
  };

  return (
    <main className="pane" aria-label={texts.start.newGroup}>
      <PaneHead title={texts.start.newGroup} back={{ view: "newChat" }} isBackAlways />
      <form className="pane-body narrow" onSubmit={(event) => void create(event)}>
        <Field label={texts.start.groupTitle} value={title} limit={limits.title} required autoFocus onChange={(event) => setTitle(event.target.value)} />
        <fieldset className="choices">
          <legend>{texts.start.visibility}</legend>
          {choices.map((choice) => (
            <label key={choice.value} className="radio">
              <input
                type="radio"
                name="visibility"
                value={choice.value}
                checked={visibility === choice.value}
                onChange={() => setVisibility(choice.value)}
              />
              <span className="person-text">
                <span className="person-name">{choice.title}</span>
                <span className="person-note">{choice.text}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <h2>{texts.start.groupMembers}</h2>
        <ChosenPeople people={members} onRemove={toggle} />
        <PeoplePicker label={texts.start.find} onPick={toggle} chosen={new Set(members.map(({ id }) => id))} />
        <MuteNote />
        <div className="form-actions is-sticky">
          <button type="submit" className="button primary" disabled={isBusy || isMuted || title.trim() === ""}>
            {texts.start.create}
          </button>
        </div>
      </form>
    </main>
  );
}
