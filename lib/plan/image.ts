/**
 * Kexec images: where one comes from and how it is packed.
 *
 * @module
 */
import { PreflightError, UsageError } from "../errors.ts";
import { TROUBLES } from "./troubles.ts";

/** How an image's tar archive is compressed. */
export type Compression = "none" | "gzip" | "xz" | "zstd";

/** Where a kexec image comes from. */
export interface ImageSource {
  /** A file of this machine, or a URL. */
  readonly kind: "file" | "url";
  /** The file's path, or the URL. */
  readonly location: string;
  /** How the archive is compressed, told by its name. */
  readonly compression: Compression;
}

const RELEASES = "https://github.com/nix-community/nixos-images/releases/download/nixos-25.11";
const PUBLISHED = ["x86_64", "aarch64"];

const ENDINGS: Readonly<Record<string, Compression>> = {
  ".tar": "none",
  ".tar.gz": "gzip",
  ".tgz": "gzip",
  ".tar.xz": "xz",
  ".tar.zst": "zstd",
};

/**
 * Reads the path or URL of a kexec image; the ending of its name tells the compression. Throws a
 * {@linkcode UsageError} on an ending that is none of `.tar`, `.tar.gz`, `.tgz`, `.tar.xz`, `.tar.zst`.
 */
export function parseImage(text: string): ImageSource {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  let name = text;
  if (url) {
    if (!/^(https?|ftp):\/\//i.test(text) || !URL.canParse(text) || /[\s\p{Cc}]/u.test(text)) {
      throw new UsageError(`--kexec: ${JSON.stringify(text)} is no URL of an image`, {
        hint: "give a local file, or an http or https URL",
      });
    }
    name = new URL(text).pathname;
  }
  const ending = Object.keys(ENDINGS).find((ending) => name.toLowerCase().endsWith(ending));
  const compression = ending === undefined ? undefined : ENDINGS[ending];
  if (compression === undefined) {
    throw new UsageError(`--kexec: ${JSON.stringify(text)} does not look like a kexec image`, {
      hint: `its name must end in one of ${Object.keys(ENDINGS).join(" ")}`,
    });
  }
  return { kind: url ? "url" : "file", location: text, compression };
}

/**
 * The published image for a target's architecture, as `uname -m` names it. Throws a
 * {@linkcode PreflightError} where none is published.
 */
export function defaultImage(arch: string, host: string): ImageSource {
  if (!PUBLISHED.includes(arch)) {
    throw new PreflightError(
      `${host}: there is no published kexec image for its architecture, ${arch}, only for ${
        PUBLISHED.join(" and ")
      }`,
      { hint: TROUBLES.architecture.hint },
    );
  }
  const location = `${RELEASES}/nixos-kexec-installer-noninteractive-${arch}-linux.tar.gz`;
  return { kind: "url", location, compression: "gzip" };
}
