/** The tones of the sound for a new message, in hertz, and how long each is heard, in seconds. */
const tones = [660, 880];
const length = 0.16;

let context: AudioContext | undefined;

/** Plays a short sound. A browser whose user has not touched the page yet stays silent. */
export function chime(): void {
  if (!("AudioContext" in window)) return;
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
  const start = context.currentTime;
  for (const [index, tone] of tones.entries()) {
    const begin = start + index * length * 0.7;
    const oscillator = context.createOscillator();
    const volume = context.createGain();
    oscillator.frequency.value = tone;
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(0.12, begin + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.001, begin + length);
    oscillator.connect(volume).connect(context.destination);
    oscillator.start(begin);
    oscillator.stop(begin + length);
  }
}
