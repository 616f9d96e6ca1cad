import { Conversation } from "../client/types";
import * as texts from "../texts";
import { ChosenPeople, useChosen } from "./ChosenPeople";
import { useChat } from "./context";
import { Dialog } from "./Dialog";
import { PeoplePicker } from "./PeoplePicker";
import { useManaging } from "./useManaging";

/** Adds people to a group, all at once. */
export function AddPeople({ group, onClose }: { group: Conversation; onClose(): void }) {
  const chat = useChat();
  const manager = useManaging();
  const [chosen, toggle] = useChosen();
  const ids = chosen.map(({ id }) => id);
  const add = () => {
    onClose();
    void chat.notices.attempt(() => manager.addMembers(group.id, ids));
  };
  return (
    <Dialog title={texts.details.addPeople} onClose={onClose}>
      <ChosenPeople people={chosen} onRemove={toggle} />
      <PeoplePicker
        label={texts.start.find}
        onPick={toggle}
        chosen={new Set(ids)}
        without={new Set(group.members.map(({ user }) => user.id))}
        autoFocus
      />
      <div className="dialog-actions is-sticky">
        <button type="button" className="button" onClick={onClose}>
          {texts.cancel}
        </button>
        <button type="button" className="button primary" disabled={ids.length === 0} onClick={add}>
          {texts.details.add(ids.length)}
        </button>
      </div>
    </Dialog>
  );
}
