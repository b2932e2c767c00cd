/**
 * Where a target is, as ssh understands it.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** A target's address: a name for ssh, and what the user said on top of it. */
export interface Destination {
  /** A host name, an address, or an alias of the user's ssh config. IPv6 without brackets. */
  readonly host: string;
  /** The login; absent where the ssh config decides. */
  readonly user?: string;
  /** The port; absent where the ssh config decides. */
  readonly port?: number;
}

/** The forms a destination may have, for hints. */
const FORMS =
  "write user@host, an alias of your ssh config, an IPv6 address, or ssh://user@host:port";

/**
 * Reads `user@host`, `host`, an IPv6 literal (with or without brackets and zone), or
 * `ssh://user@host:port`. Throws a {@linkcode UsageError} on anything else.
 *
 * The characters that are refused are those that ssh itself refuses in names (OpenSSH's
 * `valid_hostname` and `valid_ruser`): they could reach a shell through the user's ProxyCommand.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseDestination } from "@nixos-anywhere/deno";
 * assertEquals(parseDestination("ssh://root@[2001:db8::1]:2222"), {
 *   host: "2001:db8::1",
 *   user: "root",
 *   port: 2222,
 * });
 * ```
 */
export function parseDestination(text: string): Destination {
  const url = text.startsWith("ssh://");
  let rest = url ? text.slice("ssh://".length).replace(/\/$/, "") : text;
  let user: string | undefined;
  const at = rest.lastIndexOf("@");
  if (at >= 0) {
    user = rest.slice(0, at);
    rest = rest.slice(at + 1);
    if (url) user = decode(user, text);
    if (!validUser(user)) throw refuse(text, `${JSON.stringify(user)} is no login name`);
  }
  let port: number | undefined;
  let host = rest;
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(rest);
  const named = /^([^:]*):(.*)$/.exec(rest);
  if (bracketed) {
    host = bracketed[1] ?? "";
    if (bracketed[2] !== undefined) port = parsePort(bracketed[2], JSON.stringify(text));
  } else if (url && named) {
    if (validHost(rest)) {
      throw refuse(text, "an IPv6 address in a URL has brackets", `write [${rest}]`);
    }
    host = named[1] ?? "";
    port = parsePort(named[2] ?? "", JSON.stringify(text));
  }
  if (url) host = decode(host, text);
  if (!validHost(host)) {
    // As scp and other tools write it; ssh takes it for a name.
    const withPort = !url && named && validHost(named[1] ?? "") && /^\d+$/.test(named[2] ?? "");
    throw refuse(
      text,
      `${JSON.stringify(host)} is no host name`,
      withPort ? `give the port with --ssh-port ${named[2]}, or write ssh://${text}` : FORMS,
    );
  }
  return { host, ...(user !== undefined && { user }), ...(port !== undefined && { port }) };
}

/** The destination as a person would write it, without the port. */
export function showDestination({ host, user }: Destination): string {
  return user === undefined ? host : `${user}@${host}`;
}

/** Reads a TCP port for the option or text called `name`. Throws a {@linkcode UsageError} if it is none. */
export function parsePort(value: string | number, name: string): number {
  const port = typeof value === "number" ? value : /^[0-9]{1,5}$/.test(value) ? Number(value) : NaN;
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError(`${name}: ${JSON.stringify(value)} is no port`, {
      hint: "a port is a number from 1 to 65535",
    });
  }
  return port;
}

function validHost(host: string): boolean {
  if (host === "" || host.startsWith("-") || host.length > 255) return false;
  if (host.includes(":")) {
    const address = /^([0-9a-fA-F:.]+)(?:%[A-Za-z0-9_.-]+)?$/.exec(host)?.[1];
    return address !== undefined && URL.canParse(`http://[${address}]/`);
  }
  return /^[\p{L}\p{N}._+-]+$/u.test(host);
}

function validUser(user: string): boolean {
  return /^[^\s'"`$\\;&<>|(){}*?!~#%@:\p{Cc}-][^\s'"`$\\;&<>|(){}*?!~#\p{Cc}]*$/u.test(user);
}

function decode(text: string, whole: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(whole, "it has a broken % sequence");
  }
}

function refuse(text: string, why: string, hint = FORMS): UsageError {
  return new UsageError(`${JSON.stringify(text)} names no target: ${why}`, { hint });
}
