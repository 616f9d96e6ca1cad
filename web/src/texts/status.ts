/** The user's own status, and when they do not want to be disturbed. */
export const status = {
  title: "Status",
  label: "What you are up to",
  hint: "Others see it beside your name",
  emoji: "Choose an emoji",
  end: "Ends",
  ends: { never: "Not by itself", hour: "In an hour", hours: "In 4 hours", day: "Tonight", week: "In a week" },
  until: (time: string) => `Until ${time}`,
  set: "Set status",
  clear: "Clear status",
};

export const doNotDisturb = {
  title: "Do not disturb",
  text: "No sound and no notifications on any of your devices. Others see a crossed bell, and apps can show them your daily hours with their time zone.",
  for: { hour: "For 1 hour", hours: "For 8 hours", morning: "Until tomorrow" },
  until: (time: string) => `On until ${time}`,
  end: "End now",
  daily: "Every day at the same hours",
  from: "From",
  to: "To",
  zone: (zone: string) => `By the clocks of ${zone}`,
  same: "Choose two different times.",
};
