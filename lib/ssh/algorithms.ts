/**
 * What ssh and a server need to have in common, and what to do where they have nothing. Pure.
 *
 * @module
 */

/** What ssh and a server must have in common, by the names in ssh's message: the option, and one that is ssh's own. */
const COMMON: Readonly<Record<string, readonly [string, string]>> = {
  "key exchange method": ["KexAlgorithms", "ecdh-sha2-nistp256"],
  "host key type": ["HostKeyAlgorithms", "rsa-sha2-512"],
  cipher: ["Ciphers", "aes128-ctr"],
  MAC: ["MACs", "hmac-sha2-256"],
};

/** The option for what ssh and a server have not in common, as ssh's message names it: `cipher`. */
export function commonOption(what: string): string | undefined {
  return COMMON[what]?.[0];
}

/** The line that allows what ssh allows by itself, which has the one behind the `+` already. */
export function widerLine(what: string): string | undefined {
  const [option, own] = COMMON[what] ?? [];
  return option && `${option} +${own}`;
}
