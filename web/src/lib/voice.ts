/** What recordings are called, before their ending. Sounds of this name are shown as voice messages. */
export const voiceName = "voice-message";

/** Whether a file is a voice message, by its name. */
export function isVoiceMessage(name: string): boolean {
  return /^voice-message\.\w{2,4}$/.test(name);
}
