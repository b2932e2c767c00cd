/**
 * What must not be shown of addresses and settings: logins, tokens, passwords.
 *
 * @module
 */

/** Names of settings and of parts of a URL's query whose values are secret; a file of secrets is none itself. */
const SECRET =
  /token|passw(or)?d|passphrase|secret|credential|signature|(^|[-_])(api|access)[-_]?key/i;
const NO_SECRET = /(file|files|path|public-keys)$/i;

/** Whether the value of a setting of this name is a secret. */
export function isSecret(name: string): boolean {
  return SECRET.test(name) && !NO_SECRET.test(name);
}

/** An address, or any text with addresses in it, without logins that have a password and without secrets in queries. */
export function hideLogins(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s@]*:[^/?#\s]*@/gi, "$1…@")
    // A token alone stands in the place of a user's name; users of ssh are no secret.
    .replace(/((?:https?|ftps?):\/\/)[^/?#\s@]+@/gi, "$1…@")
    .replace(
      /([?&])([^=&#\s]+)=([^&#\s]*)/g,
      (whole, sign, name) =>
        isSecret(name) || /^(sig|x-amz-.*)$/i.test(name) ? `${sign}${name}=…` : whole,
    );
}

/** A word of a command line; `setting` is the name of what it is the value of. */
export function hideSecrets(word: string, setting = ""): string {
  if (word !== "" && isSecret(setting)) return "…";
  const [, name = "", rest = ""] = /^(?:--[\w-]+=)?([\w-]+)[= ](.*)$/s.exec(word) ?? [];
  return rest !== "" && !word.includes("://") && isSecret(name)
    ? `${word.slice(0, word.length - rest.length)}…`
    : hideLogins(word);
}
