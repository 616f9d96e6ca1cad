/**
 * Whether a key belongs to an input method, such as those for Chinese and Japanese: Enter then takes a word, and Escape
 * drops it. In Safari the key that ends the composition comes after its end, and only its old code 229 tells.
 */
export function isComposing({ nativeEvent: event }: { nativeEvent: KeyboardEvent }): boolean {
  return event.isComposing || event.keyCode === 229;
}
