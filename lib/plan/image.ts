/**
 * Kexec images: where one comes from and how it is packed.
 *
 * @module
 */
import { PreflightError, UsageError } from "../errors.ts";
import { TROUBLES } from "./troubles.ts";

/** Where a kexec image comes from. */
export interface ImageSource {
  /** A file of this machine, or a URL. */
  readonly kind: "file" | "url";
  /** The file's path, or the URL. */
  readonly location: string;
  /** How the archive is compressed, where its name tells; else its first bytes do. */
  readonly compression: "none" | "gzip" | "xz" | "zstd" | undefined;
}

/** How an image's tar archive is compressed. */
export type Compression = NonNullable<ImageSource["compression"]>;

const RELEASES = "https://github.com/nix-community/nixos-images/releases/download/nixos-25.11";
const PUBLISHED = ["x86_64", "aarch64"];

const ENDINGS: Readonly<Record<string, Compression>> = {
  ".tar": "none",
  ".tar.gz": "gzip",
  ".tgz": "gzip",
  ".tar.xz": "xz",
  ".tar.zst": "zstd",
};

/** Endings of what is no tar archive: an image of another kind was named. */
const OTHER_ENDING =
  /\.(iso|img|raw|qcow2|vmdk|vdi|vhdx?|zip|7z|rar|bz2|lz4|deb|rpm|cpio|efi|squashfs|nix|drv|json|html?|asc|sig|sha\d+)$/i;

/**
 * Reads the path or URL of a kexec image; the ending of its name tells the compression, where it is one of
 * `.tar`, `.tar.gz`, `.tgz`, `.tar.xz`, `.tar.zst`. Throws a {@linkcode UsageError} on an ending of something
 * else, and on a URL that is not http, https or ftp.
 */
export function parseImage(text: string): ImageSource {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const shown = JSON.stringify(hideLogin(text));
  let name = text;
  if (url) {
    if (!/^(https?|ftp):\/\//i.test(text) || !URL.canParse(text) || /[\s\p{Cc}]/u.test(text)) {
      throw new UsageError(`--kexec: ${shown} is no URL of an image`, {
        hint: "give a local file, or an http or https URL",
      });
    }
    name = new URL(text).pathname;
  }
  const ending = Object.keys(ENDINGS).find((ending) => name.toLowerCase().endsWith(ending));
  if (/(^|\/)$/.test(name) || (ending === undefined && OTHER_ENDING.test(name))) {
    throw new UsageError(`--kexec: ${shown} does not look like a kexec image`, {
      hint: `a kexec image is a tar archive: ${Object.keys(ENDINGS).join(" ")}`,
    });
  }
  const compression = ending === undefined ? undefined : ENDINGS[ending];
  return { kind: url ? "url" : "file", location: text, compression };
}

/** Where an image comes from, for people and logs: a URL's login and its query may be secrets. */
export function showImage({ kind, location }: ImageSource): string {
  return kind === "url" ? hideLogin(location).replace(/\?.*$/, "?…") : location;
}

function hideLogin(text: string): string {
  return text.replace(/:\/\/[^/?#]*@/, "://…@");
}

/** The first bytes of each compression. */
export const MAGIC: readonly (readonly [Exclude<Compression, "none">, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/** How an archive is compressed, by its first bytes. */
export function sniffCompression(start: Uint8Array): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, at) => start[at] === byte));
  return found?.[0] ?? "none";
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
