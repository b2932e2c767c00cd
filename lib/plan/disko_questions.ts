/**
 * What a disko script asks whoever runs it, told by its text.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";

/** A question in a script. */
export interface ScriptQuestion {
  /**
   * `passphrase`: reads a passphrase from its input. `elsewhere`: asks for one on the terminal or an agent, so that
   * no input answers it. `other`: asks for something that is no passphrase.
   */
  readonly kind: "passphrase" | "elsewhere" | "other";
  /** The command that asks, shortened; control characters escaped. */
  readonly code: string;
  /** How long a passphrase it takes, in characters. */
  readonly atLeast: number;
}

/** The shortest passphrase that ZFS takes. */
export const ZFS_PASSPHRASE = 8;

/**
 * The questions of a shell script, each command once. What is piped or redirected into a command answers it; what is
 * not understood asks nothing.
 */
export function findQuestions(script: string): readonly ScriptQuestion[] {
  const found = new Map<string, ScriptQuestion>();
  const lines = script.replaceAll(/\\\r?\n/g, " ").split("\n");
  for (const line of lines.filter((line) => !/^\s*#/.test(line))) {
    // Of a pipeline only what comes first reads the script's own input.
    for (const list of line.split(/;|&&|\|\||\bthen\b|\bdo\b|\belse\b|\buntil\b|\{ /)) {
      const [command = ""] = list.split("|");
      const kind = kindOf(command);
      if (kind === undefined) continue;
      const code = escapeControls(command.trim().replaceAll(/\s+/g, " ").slice(0, 120));
      const atLeast = /\b(zfs|zpool)\s/.test(command) ? ZFS_PASSPHRASE : 1;
      found.set(code, { kind, code, atLeast });
    }
  }
  return [...found.values()];
}

function kindOf(command: string): ScriptQuestion["kind"] | undefined {
  const words = `${command} `;
  if (/(^|[\s/("])systemd-ask-password\s/.test(words)) return "elsewhere";
  const tty = /<\s*\/dev\/tty\b/.test(words);
  // `<(…)` is an argument, not an input.
  const fed = /<(?!\()/.test(words.replaceAll(/<\s*\/dev\/(stdin|tty)\b/g, ""));
  if (fed) return undefined;
  if (/^\s*stty\s.*-echo\b/.test(words)) return tty ? "elsewhere" : "passphrase";
  const read = /^(?:[\s!({]|\w+=\S*\s|(?:if|while|builtin|command)\s)*read\s(.*)$/.exec(words);
  if (read) return questionOfRead(read[1] ?? "", tty);
  const secret = asksForKey(words);
  return secret ? (tty ? "elsewhere" : "passphrase") : undefined;
}

/** `read -s` reads what nobody may see, `read -p` asks. */
function questionOfRead(words: string, tty: boolean): ScriptQuestion["kind"] | undefined {
  const letters = [...words.matchAll(/(?:^|\s)-([a-zA-Z]+)/g)].map(([, some = ""]) => some).join(
    "",
  );
  if (letters.includes("u")) return undefined;
  if (letters.includes("s")) return tty ? "elsewhere" : "passphrase";
  return letters.includes("p") ? "other" : undefined;
}

const OPENS_LUKS =
  /\bcryptsetup\s(.*\s)?(luksFormat|luksOpen|open|luksAddKey|luksConvertKey|reencrypt)\s/;
const PROMPT = /\bkeylocation["']?=["']?prompt\b/;

/** Programs that ask for a key where their arguments name no file with one. */
function asksForKey(words: string): boolean {
  if (OPENS_LUKS.test(words)) {
    return !/\s(--key-?file|--volume-key-file|--token-\S+|-d)[\s=]/.test(words) ||
      /\s(--key-?file|-d)[\s=]["']?-["']?\s/.test(words) && !words.includes("<(");
  }
  if (/\b(zfs|zpool)\s(.*\s)?create\s/.test(words)) {
    return PROMPT.test(words) ||
      /\bkeyformat["']?=["']?(passphrase|hex)\b/.test(words) && !/\bkeylocation["']?=/.test(words);
  }
  return /\bbcachefs\sformat\s(.*\s)?--encrypted\s/.test(words);
}
