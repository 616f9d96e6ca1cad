/** Whether the browser keeps no cookie of this site. Browsers differ in what they admit, so one is tried. */
export function areCookiesBlocked(): boolean {
  if (!navigator.cookieEnabled) return true;
  const probe = "parley.probe=1";
  try {
    document.cookie = `${probe}; SameSite=Strict`;
    const isKept = document.cookie.includes(probe);
    document.cookie = `${probe}; SameSite=Strict; Max-Age=0`;
    return !isKept;
  } catch {
    return true;
  }
}
