/**
 * What programs say that do not make a user root.
 *
 * @module
 */

/** What to do where sudo or doas said this. */
export function becomeHint(said: string): string | undefined {
  if (/\btty\b|terminal/i.test(said) && /sudo/.test(said)) {
    return "take `requiretty` out of the target's sudoers for this user, or log in as root";
  }
  if (/sudoers|not allowed|may not run/i.test(said)) {
    return "let the target's sudoers allow this user all commands, or log in as root";
  }
  if (/^doas/.test(said)) {
    return "doas asks for passwords on a terminal only: permit the user with `nopass` in doas.conf, or log in as root";
  }
  return undefined;
}
