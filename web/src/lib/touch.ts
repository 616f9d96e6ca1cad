/** Whether fingers are all there is to point with: focusing a field then opens a keyboard on the screen. */
export const isTouch = window.matchMedia("(hover: none) and (pointer: coarse)").matches;
