/**
 * What is known of a target. Its answers are hostile until they are parsed: a fixed list of keys, each
 * with a grammar of its own.
 *
 * @module
 */
import { AnswerError } from "../errors.ts";
import { type Disk, readDisks } from "./disks.ts";
import { escapeControls } from "../escape.ts";

/** What a target says of itself. Plain data: it holds no commands and never changes. */
export interface Facts {
  /** The operating system, as `uname -s` names it: `Linux`. */
  readonly os: string;
  /** The architecture, as `uname -m` names it: `x86_64`. */
  readonly arch: string;
  /** The system's own name, `PRETTY_NAME` of its os-release; control characters escaped. */
  readonly name: string;
  /** Whether it is NixOS. */
  readonly nixos: boolean;
  /** Whether it is a NixOS installer: `VARIANT_ID=installer` in its os-release. */
  readonly installer: boolean;
  /** The kind of container it is, `none` if it is none. */
  readonly container: string;
  /** The kind of container that it may be, where there are signs for it and others against it. */
  readonly maybeContainer?: string;
  /** The login. */
  readonly user: string;
  /** The login's numeric id; 0 is root. */
  readonly uid: number;
  /** How a command becomes root's: nothing to do, one of these programs, or not at all. */
  readonly become: "root" | "sudo" | "sudo-password" | "doas" | "none";
  /** What sudo or doas said where it lets nobody become root without a password; one line, escaped. */
  readonly becomeSaid?: string;
  /** Where sudo gets its password from on the target, while the session lasts. */
  readonly askpass?: string;
  /** In its place, for a sudo without askpass: a script there that gives it the password, and the script's mode. */
  readonly sudoScript?: readonly [path: string, mode: string];
  /** The network interface that carries this login, `eth0`, as far as it is known: an installer knows wired ones only. */
  readonly loginLink?: {
    readonly name: string;
    readonly kind: "wired" | "wifi" | "mobile" | "tunnel" | "vlan";
  };
  /** Which of the programs that an install may need are there; `setsid --wait` is one of them. */
  readonly tools: readonly string[];
  /** Who made the machine and what it is, `QEMU Standard PC (Q35 + ICH9, 2009)`; control characters escaped. */
  readonly model?: string;
  /** Whether the processor has instructions for AES-GCM, as far as that was asked. */
  readonly aes?: boolean;
  /** What has started it, of the firmwares of PCs; absent on other machines, and where it does not say. */
  readonly firmware?: "efi" | "bios";
  /** Memory without swap, in bytes; 0 where it does not say. */
  readonly memory: number;
  /** Whether kexec can work at all, and what stands against it; `unknown` where the kernel does not say. */
  readonly kexec: "possible" | "disabled" | "lockdown" | "missing" | "unknown";
  /** Names this boot and no other. */
  readonly bootId: string;
  /** Whether it has a default route for IPv6 and none for IPv4. */
  readonly ipv6Only: boolean;
  /** Its disks; none where neither lsblk nor the kernel lists any. */
  readonly disks: readonly Disk[];
  /** The ssh host keys that it keeps in /etc/ssh, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
}

/** What is longer is no disk; what is more is left out. */
const MAX_DISK_LINE = 4000;
const MAX_DISK_LINES = 20_000;

/** The programs that are looked for. */
export const TOOLS = [
  "tar",
  "cpio",
  "gzip",
  "xz",
  "zstd",
  "mktemp",
  "setsid --wait",
  "curl",
  "wget",
  "nix",
  "nix-store",
  "nixos-install",
  "nixos-facter",
  "nixos-generate-config",
  "kexec",
  "lsblk",
  "blkid",
  "sha256sum",
] as const; // deno-fmt-ignore

const SHAPES: Readonly<Record<string, RegExp>> = {
  os: /^[\w.-]{1,40}$/,
  arch: /^[\w.-]{1,40}$/,
  name: /^.{0,300}$/,
  nixos: /^[yn]$/,
  installer: /^[yn]$/,
  container: /^[\w.-]{1,40}$/,
  maybe_container: /^[\w.-]{1,40}$/,
  user: /^[\p{L}\p{N}_.@$+\\-]{1,100}$/u,
  uid: /^\d{1,10}$/,
  become: /^(root|sudo|sudo-password|doas|none)$/,
  become_said: /^.{0,300}$/,
  login_link: /^(unknown|(wired|wifi|mobile|tunnel|vlan) [A-Za-z0-9_.-]{1,40})( .*)?$/,
  model: /^.{0,200}$/,
  aes: /^[yn]$/,
  firmware: /^(efi|bios|unknown)$/,
  memory: /^\d{1,15}$/,
  kexec: /^(possible|disabled|lockdown|missing|unknown)$/,
  boot_id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  ipv6_only: /^[yn]$/,
};
const TOOL_SHAPE = new Set<string>(TOOLS);
const HOST_KEY_SHAPE = /^[a-z0-9@.-]{1,60} [A-Za-z0-9+/]{16,4000}={0,3}$/;

/**
 * Reads the answer of the facts script, lines of `key value`; throws an {@linkcode AnswerError} on a line
 * that is missing, doubled, or not of its key's shape. `host` names the machine in messages.
 */
export function parseFacts(answer: string, host: string): Facts {
  const values = new Map<string, string>();
  const tools: string[] = [];
  const hostKeys: string[] = [];
  const disks: string[] = [];
  const refuse = (what: string) =>
    new AnswerError(`${host}: cannot learn what machine it is: ${what}`, {
      hint: "log in by hand and see what its shell prints; --debug shows the whole exchange",
    });
  for (const line of answer.split("\n")) {
    const match = /^fact ([a-z0-9_]+) (.*)$/.exec(line);
    if (!match) continue; // greetings that a login shell prints
    const [, key = "", value = ""] = match;
    if (key === "tool" && TOOL_SHAPE.has(value)) tools.push(value);
    else if (key === "host_key" && HOST_KEY_SHAPE.test(value)) hostKeys.push(value);
    else if (key === "disk") {
      // Behind a storage network each disk is there once for every path, with all that is on it.
      if (value.length < MAX_DISK_LINE && disks.length < MAX_DISK_LINES) disks.push(value);
    } else if (!Object.hasOwn(SHAPES, key) || !SHAPES[key]?.test(value) || values.has(key)) {
      throw refuse(`${key} is ${JSON.stringify(escapeControls(value.slice(0, 80)))}`);
    } else values.set(key, value);
    if (tools.length > 100 || hostKeys.length > 20) {
      throw refuse("it lists too much");
    }
  }
  const get = (key: string) => {
    const value = values.get(key);
    if (value === undefined) throw refuse(`it did not say its ${key}`);
    return value;
  };
  const model = readModel(values.get("model") ?? "");
  const aes = values.get("aes");
  const firmware = values.get("firmware");
  const maybeContainer = values.get("maybe_container");
  const said = escapeControls(values.get("become_said") ?? "").trim();
  const [kind = "unknown", name = ""] = (values.get("login_link") ?? "").split(" ");
  return Object.freeze({
    os: get("os"),
    arch: get("arch"),
    name: escapeControls(get("name")),
    nixos: get("nixos") === "y",
    installer: get("installer") === "y",
    container: get("container"),
    ...(maybeContainer !== undefined && { maybeContainer }),
    user: get("user"),
    uid: Number(get("uid")),
    become: get("become") as Facts["become"],
    ...(said !== "" && { becomeSaid: said }),
    ...(kind !== "unknown" && name !== "" && {
      loginLink: Object.freeze({ name, kind: kind as NonNullable<Facts["loginLink"]>["kind"] }),
    }),
    tools: Object.freeze(tools),
    ...(model !== "" && { model }),
    ...(aes !== undefined && { aes: aes === "y" }),
    ...((firmware === "efi" || firmware === "bios") && { firmware }),
    memory: Number(get("memory")) * 1024,
    kexec: get("kexec") as Facts["kexec"],
    bootId: get("boot_id"),
    ipv6Only: get("ipv6_only") === "y",
    disks: Object.freeze(readDisks(disks)),
    hostKeys: Object.freeze(hostKeys),
  });
}

/** A machine's name without what its firmware says where nobody has filled it in. */
function readModel(text: string): string {
  const nothing =
    /\b(To Be Filled By O\.?E\.?M\.?|System (Product Name|manufacturer|Version)|Default string|Not (Specified|Applicable))\b\.?/gi;
  const words = escapeControls(text.replace(/\p{Cc}/gu, " ")).replace(nothing, "").split(/\s+/);
  return words.filter((word, at) => word !== "" && word !== words[at - 1]).join(" ");
}

/** The words in front of a command that make it root's on the machine of these facts. */
export function becomeRoot(facts: Facts): readonly string[] {
  switch (facts.become) {
    case "sudo":
      return ["sudo", "-n", "--"];
    case "sudo-password":
      if (facts.sudoScript) return ["sh", ...facts.sudoScript];
      return ["env", `SUDO_ASKPASS=${facts.askpass ?? ""}`, "sudo", "-A", "--"];
    case "doas":
      return ["doas", "-n", "--"];
    default:
      return [];
  }
}
