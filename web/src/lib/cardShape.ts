import { Size } from "./mosaic";

/** In CSS pixels, of a picture above a card's words. */
export const mostCardHeight = 200;

/** Whether a card's picture stands above its words: it is wide, and has enough pixels. Others stand beside them. */
export function isWide({ width, height }: Size): boolean {
  return width >= 300 && width / height >= 1.3;
}

/** About as high as a card is, until it is measured. */
export function cardHeight(card: { description?: string; picture?: Size }): number {
  const words = 54 + (card.description === undefined ? 0 : 36);
  const { picture } = card;
  if (picture === undefined) return words + 16;
  return isWide(picture) ? words + 16 + Math.min(mostCardHeight, Math.round((360 * picture.height) / picture.width)) : Math.max(words, 72) + 16;
}
