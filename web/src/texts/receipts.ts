/** Who has read a message. */
export const receipts = {
  show: "Read by…",
  title: "Who has read it",
  read: "Read",
  delivered: "Delivered",
  sent: "Not delivered yet",
};
