/**
 * Flake references of NixOS configurations.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { TROUBLES } from "./troubles.ts";

/** A flake and the NixOS configuration in it. */
export interface FlakeRef {
  /** The flake itself, as nix understands it: a path, `github:owner/repo`, … */
  readonly url: string;
  /** The attribute path of the configuration's `config`, for example `["nixosConfigurations", "web", "config"]`. */
  readonly attributes: readonly string[];
}

/**
 * Reads `URI#NAME`. NAME is the name of a configuration (`web`, `"my.host"`), or a whole attribute path
 * that begins with `nixosConfigurations`; a path that ends at the configuration gets its `.config`.
 * Throws a {@linkcode UsageError} where there is no NAME or it cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFlakeRef } from "@nixos-anywhere/deno";
 * assertEquals(parseFlakeRef(".#web"), {
 *   url: ".",
 *   attributes: ["nixosConfigurations", "web", "config"],
 * });
 * ```
 */
export function parseFlakeRef(text: string): FlakeRef {
  const hash = text.indexOf("#");
  const url = hash < 0 ? text : text.slice(0, hash);
  const name = hash < 0 ? "" : text.slice(hash + 1);
  if (name === "") {
    throw new UsageError(`--flake ${JSON.stringify(text)} names no NixOS configuration`, {
      hint: TROUBLES.fragment.hint,
    });
  }
  if (/\p{Cc}/u.test(text) || url.startsWith("-")) {
    throw new UsageError(`--flake ${JSON.stringify(text)} is no flake reference`, {
      hint: "a flake reference is a path or a URL, then # and the name of a configuration",
    });
  }
  if (/^(nixosConfigurations|"nixosConfigurations")\./.test(name)) {
    const parts = splitAttributes(name, text);
    return { url: url || ".", attributes: parts.length === 2 ? [...parts, "config"] : parts };
  }
  if (name === "nixosConfigurations") {
    throw new UsageError(`--flake ${JSON.stringify(text)} names no NixOS configuration`, {
      hint: "append its name: #nixosConfigurations.<name>",
    });
  }
  // Dots without quotes are part of the one name, as the bash tool has always taken it.
  const single = /^"[^"\\]+"$/.test(name) ? name.slice(1, -1) : name;
  if (/["\\]/.test(single)) throw refuseAttributes(name, text);
  return { url: url || ".", attributes: ["nixosConfigurations", single, "config"] };
}

/**
 * The nix installable of something below the configuration, each name quoted, so that dots and other
 * characters in names are safe.
 */
export function installable(flake: FlakeRef, ...below: readonly string[]): string {
  const path = [...flake.attributes, ...below].map(quoteAttribute).join(".");
  return `${flake.url}#${path}`;
}

/** The flake reference as a person would write it. */
export function showFlake(flake: FlakeRef): string {
  return `${flake.url}#${flake.attributes.map(quoteAttribute).join(".")}`;
}

function quoteAttribute(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? name : `"${name}"`;
}

function splitAttributes(text: string, whole: string): string[] {
  const parts: string[] = [];
  const part = /"([^"\\]+)"|([^".\\]+)/y;
  let at = 0;
  while (at <= text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (!match) break;
    parts.push(match[1] ?? match[2] ?? "");
    at = part.lastIndex;
    if (at === text.length) return parts;
    if (text[at] !== ".") break;
    at++;
  }
  throw refuseAttributes(text, whole);
}

function refuseAttributes(text: string, whole: string): UsageError {
  return new UsageError(
    `--flake ${JSON.stringify(whole)}: ${JSON.stringify(text)} is no attribute path`,
    {
      hint:
        'write a name, #web or #"my.host", or a whole path: #nixosConfigurations."my.host".config',
    },
  );
}
