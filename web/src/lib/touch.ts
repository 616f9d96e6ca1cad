/** Whether the only pointing device is a touch screen. Focusing a field then opens a keyboard on the screen. */
export const isTouch = window.matchMedia("(hover: none) and (pointer: coarse)").matches;
