/** Signing in, and the user's own account. */

import { Ban } from "../client/errors";
import { banText } from "./problems";

const endings: Partial<Record<string, string>> = {
  session_revoked: "You were signed out: from another device, or because the password was changed.",
};

export const auth = {
  login: "Log in",
  register: "Create account",
  welcomeBack: "Welcome back",
  welcome: "Welcome to Parley",
  username: "Username",
  usernameHint: "3 to 32 characters: a–z, 0–9, dot, dash or underscore",
  displayName: "Your name",
  displayNameHint: "How others see you; you can change it later",
  optional: "optional",
  password: "Password",
  passwordHint: "At least 8 characters",
  tooShort: (least: number) => (least === 1 ? "This must not be blank" : `At least ${least} characters`),
  showPassword: "Show password",
  hidePassword: "Hide password",
  noAccount: "New here?",
  haveAccount: "Have an account already?",
  ended: ({ code, banned }: { code: string; banned?: Ban }) => code === "banned" ? banText(banned) : endings[code] ?? "Your session has ended. Log in again.",
  kept: "What you had not sent is kept for you.",
  cookiesBlocked: "Your browser blocks cookies for this page. Without them you are signed out with every reload.",
  working: "One moment…",
};

export const profile = {
  title: "Profile",
  picture: "Change picture",
  name: "Name",
  about: "About you",
  aboutHint: "A line or two that others can read",
  notifications: "Notifications",
  notificationsText: "Show a notification for new messages while you look elsewhere",
  soundText: "Play a sound for them, on this device",
  notificationsBlocked: "Your browser does not allow notifications for this page.",
  password: "Password",
  currentPassword: "Current password",
  newPassword: "New password",
  changePassword: "Change password",
  passwordChanged: "Password changed. Other devices are signed out.",
  sessions: "Signed-in devices",
  thisDevice: "This device",
  lastUsed: (when: string) => `last used ${when}`,
  endSession: "Sign out",
  unknownDevice: "Unknown device",
  logout: "Log out",
  logoutQuestion: "Log out? What you wrote here and did not send is deleted.",
};
