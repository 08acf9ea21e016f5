/** The reader's choices that the server must know before it draws the page: kept in cookies, for a year. */

const YEAR_S = 365 * 24 * 60 * 60;

/** Remember `value` under `name`; an empty value forgets it. */
export function setChoice(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = value ? YEAR_S : 0;
  document.cookie = `${name}=${value}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}
