import { Role } from "../client/types";

/** Finding people and groups, and what can be done with a group. */

export const start = {
  title: "New conversation",
  find: "Find people by name",
  newGroup: "New group",
  newGroupText: "Talk with several people at once",
  discoverText: "Public groups that anyone can join",
  nobody: "Nobody found",
  nobodyHint: "People are found by the beginning of their name.",
  groupTitle: "Group name",
  groupMembers: "Members",
  visibility: "Who can join",
  private: "Private",
  privateText: "Members are added by its owner and admins.",
  public: "Public",
  publicText: "Anyone can find it and join.",
  create: "Create group",
  removePerson: (name: string) => `Remove ${name}`,
};

export const discover = {
  title: "Discover groups",
  search: "Find public groups",
  empty: "No public groups here yet",
  emptyText: "Create the first one that anyone can join.",
  nothing: "No group found",
  join: "Join",
  open: "Open",
};

export const details = {
  title: "Details",
  members: "Members",
  addPeople: "Add people",
  add: (count: number) => (count === 0 ? "Add" : `Add ${count}`),
  rename: "Change name",
  leave: "Leave group",
  leaveQuestion: "Leave this group? You will get no more messages from it.",
  hide: "Hide conversation",
  closed: "Account closed",
  privateGroup: "Private group",
  publicGroup: "Public group",
  joined: (date: string) => `On Parley since ${date}`,
  more: "Show more",
  memberActions: (name: string) => `Actions for ${name}`,
  makeAdmin: "Make admin",
  makeMember: "Make member",
  makeOwner: "Make owner",
  removeMember: "Remove from group",
  message: "Send message",
  roles: { owner: "Owner", admin: "Admin", member: "" } as Record<Role, string>,
};
