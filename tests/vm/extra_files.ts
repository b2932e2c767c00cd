/** A folder of extra files with everything that a folder may hold and an archive may trip over. */
import { run, shell } from "./build/run.ts";

const SECRET = "home/some body/.secret dir";

/** Beyond the 100 and 255 bytes that old archives have for a path. */
const LONG = `srv/${"d".repeat(120)}/${"e".repeat(120)}/${"f".repeat(100)}`;

/** Paths and modes; folders end in a slash. All belong to root, but for what is in {@linkcode OWNERS}. */
const MODES: Readonly<Record<string, number>> = {
  "home/": 0o755,
  "home/some body/": 0o750,
  "home/some body/.secret dir/": 0o700,
  "home/some body/.secret dir/key": 0o600,
  "home/some body/.secret dir/shared notes": 0o640,
  "srv/": 0o755,
  "srv/-rf": 0o644,
  "srv/--owner=nobody": 0o644,
  "srv/drop box/": 0o1777,
  "srv/empty/": 0o711,
  "srv/line\nfeed": 0o644,
  "srv/program": 0o755,
  "srv/set-user-id": 0o4755,
  "srv/set-group-id/": 0o2755,
  "srv/tab\tand \\ and \"quotes'": 0o444,
  "srv/zażółć gęślą 日本語": 0o644,
  [LONG]: 0o644,
  [LONG.slice(0, 124) + "/"]: 0o755,
  [LONG.slice(0, 245) + "/"]: 0o755,
};

const LINKS: Readonly<Record<string, string>> = {
  "srv/link": "program",
  "srv/link out": "/nowhere/at all",
  [`srv/${"l".repeat(90)}`]: "x/".repeat(70),
};

/** In this order: a folder, then parts of it again. The last one names the folder of a link, never what it leads to. */
export const OWNERS: readonly { path: string; owner: string }[] = [
  { path: "/home/some body", owner: "1000:1001" },
  { path: `/${SECRET}`, owner: "0:0" },
  { path: `/${SECRET}/shared notes`, owner: "nobody:disk" },
  { path: "/srv/link out", owner: "7:8" },
];

const OWNED: Readonly<Record<string, string>> = {
  "home/some body/": "1000:1001",
  "home/some body/.secret dir/shared notes": "65534:6",
  "srv/link out": "7:8",
};

/** Makes the folder; its own mode is one that `/` must not get. */
export async function makeExtraFiles(folder: string): Promise<void> {
  for (const [path, mode] of Object.entries(MODES).sort()) {
    if (path.endsWith("/")) {
      await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    } else {
      await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, `${path}\n`);
    }
    await Deno.chmod(`${folder}/${path}`, mode);
  }
  for (const [path, target] of Object.entries(LINKS)) {
    await Deno.symlink(target, `${folder}/${path}`);
  }
  await Deno.link(`${folder}/srv/program`, `${folder}/srv/same program`);
  await Deno.writeFile(`${folder}/srv/large`, crypto.getRandomValues(new Uint8Array(65536)));
  await Deno.truncate(`${folder}/srv/large`, 5_000_001);
  await Deno.chmod(`${folder}/srv/large`, 0o644);
  await Deno.utime(`${folder}/srv/large`, 1_000_000_000, 1_000_000_000);
  // Host keys that the machine's own must not replace.
  await Deno.mkdir(`${folder}/etc/ssh`, { recursive: true });
  const key = `${folder}/etc/ssh/ssh_host_ecdsa_key`;
  await run("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-C", "extra", "-f", key]);
  for (const path of ["etc", "etc/ssh"]) await Deno.chmod(`${folder}/${path}`, 0o755);
  await Deno.chmod(folder, 0o700);
}

/** What {@linkcode LIST} says where the files have arrived. */
export function expectedList(): string[] {
  const entries = [
    ...Object.entries(MODES).map(([path, mode]) => [path.replace(/\/$/, ""), mode.toString(8), ""]),
    ...Object.entries(LINKS).map(([path, target]) => [path, "777", target]),
    ["srv/same program", "755", ""],
    ["srv/large", "644", ""],
  ] as const;
  return entries.map(([path, mode, target]) =>
    `${mode} ${OWNED[path] ?? OWNED[`${path}/`] ?? "0:0"} ${path} ${target}`
  ).sort();
}

/** Prints mode, owner, path and a link's target of each, with a NUL behind it. (What busybox runs by name is its own.) */
export const LIST = `cd / && find home srv -exec sh -c '
  for path; do
    /usr/bin/stat --printf "%a %u:%g " -- "$path"
    printf "%s %s\\0" "$path" "$(readlink -- "$path")"
  done' sh {} +`;

/** Prints digests: of all contents, and of the file with a time and holes; then that file's time, and links of another. */
export const DIGEST =
  "find home srv -type f -print0 | LC_ALL=C sort -z | xargs -0 cat -- | sha256sum; " +
  "stat -c %Y srv/large; stat -c %h srv/program";

/** What {@linkcode DIGEST} prints for the folder here. */
export async function digestHere(folder: string): Promise<string> {
  return (await shell(`cd "$1"; ${DIGEST}`, [folder])).trimEnd();
}
