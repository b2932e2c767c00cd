import type { Compression } from "../../../lib/plan/image.ts";
import { storePath } from "../../../lib/plan/store_path.ts";
import { HOST, type Row, split } from "./row.ts";

const HASH = "0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss";
const DISKO = storePath(`/nix/store/${HASH}-disko`);
const SYSTEM = storePath(`/nix/store/${HASH}-nixos-system-web-25.11+x_y?=z`);
const IMAGES = "https://example.org/a/nixos-kexec-installer-x86_64-linux";

const good: readonly (readonly [line: string, plan: Row["plan"]])[] = [
  [`-s ${DISKO} ${SYSTEM} ${HOST}`, {
    source: { kind: "paths", disko: DISKO, system: SYSTEM },
  }],
  [`${HOST} --store-paths ${DISKO} ${SYSTEM}`, {
    source: { kind: "paths", disko: DISKO, system: SYSTEM },
  }],
  [`--store-paths=${DISKO} ${SYSTEM} -- ${HOST}`, {
    source: { kind: "paths", disko: DISKO, system: SYSTEM },
  }],
  [`-s ${DISKO} ${SYSTEM} --build-on local ${HOST}`, { build: { on: "local" } }],
  [`--phases kexec ${HOST}`, { source: { kind: "none" }, phases: ["kexec"] }],
  [`--phases reboot ${HOST}`, { source: { kind: "none" }, phases: ["reboot"] }],
  ["--vm-test -f .#web", { destination: undefined, build: { vmTest: true } }],
  [`--vm-test -f .#web ${HOST}`, {
    destination: { user: "root", host: "203.0.113.7" },
    build: { vmTest: true },
  }],
  ["-f .#web --vm-test --build-on local", { build: { on: "local", vmTest: true } }],
];

const NO_PATH = /^--store-paths: ".*" is no store path$/s;

const badPaths: readonly string[] = [
  "",
  "result",
  "./result",
  "/nix/store",
  "/nix/store/",
  "/nix/store/..",
  `/nix/store/${HASH}`,
  `/nix/store/${HASH}-`,
  `/nix/store/${HASH.slice(1)}-x`,
  `/nix/store/${HASH.toUpperCase()}-x`,
  `/nix/store/${HASH.replace("0", "e")}-x`,
  `/nix/store/${HASH}-x/bin/disko`,
  `/nix/store/${HASH}-x/../${HASH}-y`,
  `/nix/store/${HASH}-a b`,
  `/nix/store/${HASH}-x;reboot`,
  `/nix/store/${HASH}-$(reboot)`,
  `/nix/store/${HASH}-x\n`,
  `/nix/store/${HASH}-ü`,
  `/nix/store/${HASH}-${"x".repeat(212)}`,
  `/gnu/store/${HASH}-x`,
  ` /nix/store/${HASH}-x`,
];

const images: readonly (readonly [
  location: string,
  kind: "file" | "url",
  compression: Compression | undefined,
])[] = [
  ["image.tar", "file", "none"],
  ["./image.tar.gz", "file", "gzip"],
  ["/a b/image.TGZ", "file", "gzip"],
  ["image.tar.xz", "file", "xz"],
  ["image.tar.zst", "file", "zstd"],
  ["http:image.tar", "file", "none"],
  [`${IMAGES}.tar.gz`, "url", "gzip"],
  [`${IMAGES}.tar.gz?X-Signature=a%2Fb&x=.zip`, "url", "gzip"],
  [`${IMAGES}.tar.xz#part`, "url", "xz"],
  [`${IMAGES}.tar.zst`, "url", "zstd"],
  ["http://[2001:db8::1]:8080/image.tar", "url", "none"],
  ["HTTPS://example.org/image.tgz", "url", "gzip"],
  ["image", "file", undefined],
  ["tar.gz", "file", undefined],
  ["https://example.org/download?file=image.tar.gz", "url", undefined],
  ["https://me:secret@example.org/assets/123", "url", undefined],
];

const badImages: readonly (readonly [image: string, error: RegExp])[] = [
  ["", /^--kexec: "" does not look like a kexec image$/],
  ["image.zip", /does not look like/],
  ["image.tar.gz.asc", /does not look like/],
  ["image.tar.bz2", /does not look like/],
  ["folder/", /does not look like/],
  ["https://example.org/", /does not look like/],
  ["file:///image.tar.gz", /is no URL of an image/],
  ["ssh://web/image.tar.gz", /is no URL of an image/],
  ["https://exa mple.org/image.tar", /is no URL of an image/],
  ["https://example.org/a b.tar", /is no URL of an image/],
  ["https://example.org/a\nb.tar", /is no URL of an image/],
  ["https:///image.tar:x:y", /is no URL of an image|does not look like/],
];

/** What is installed: store paths, nothing, a VM test; and kexec images. */
export const SOURCES: readonly Row[] = [
  ...good.map(([line, plan]): Row => ({ words: split(line), ...(plan && { plan }) })),
  ...badPaths.flatMap((path): Row[] => [
    { words: [`--store-paths=${path}`, SYSTEM, HOST], error: NO_PATH },
    { words: ["-s", DISKO, path, HOST], error: NO_PATH },
  ]),
  ...images.map(([location, kind, compression]): Row => ({
    words: ["-f", ".#web", HOST, "--kexec", location],
    plan: { kexec: { image: { kind, location, compression } } },
  })),
  ...badImages.map(([image, error]): Row => ({
    words: [`--kexec=${image}`, "-f", ".#web", HOST],
    error,
  })),
];
