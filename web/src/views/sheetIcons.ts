/** The icons of the sheet of a draft's files. */
export const sheetShapes = {
  blur: "M4 4h5v5H4zM14.5 4.5h5v5h-5zM9.5 9.5h5v5h-5zM4.5 14.5h5v5h-5zM14.5 14.5h5v5h-5z",
  crop: "M7 2.5V17h14.5M2.5 7H17v14.5",
  rotate: "M19.5 4v5h-5M19 9a8 8 0 1 0 1 4",
  undo: "M8 5L4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11h-3",
};
