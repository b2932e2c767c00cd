/**
 * Arranging, before anything boots, that the installer lets us in and shows a host key that is known.
 *
 * The facts of the published image: it takes the plain keys of root's and the sudo user's `.ssh/authorized_keys` and
 * `authorized_keys2`, all of `/etc/ssh/authorized_keys.d/root`, and `/etc/ssh/ssh_host_*` as they lie there, links as
 * links. Its ssh server uses an ed25519 and an RSA key; without any of them it makes new ones.
 *
 * @module
 */
import { PreflightError } from "../../errors.ts";
import { becomeRoot } from "../../plan/facts.ts";
import { unattendedKey } from "../../ssh/unattended_key.ts";
import type { Session } from "../../ssh/session.ts";
import { makeTemporaryKey, type TemporaryKey } from "../../ssh/temporary_key.ts";
import { ARRANGE } from "./arrange_script.ts";
import type { RemoteKexec } from "./upload.ts";

/** What is arranged for the next boot. */
export interface Arranged {
  /** The host keys that the installer will have one of, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
  /** The text of our own key, where it is the one that will log in. */
  readonly temporaryKey?: string | undefined;
  /** What stands against the boot; nothing where all is well. */
  readonly objections: readonly PreflightError[];
}

/**
 * Arranges, in the image's folder, that the installer lets us in and shows a known host key. A key of our own goes along
 * unless the user's is certain to, and to need nobody's help. The target's own files stay as they are.
 *
 * Throws a {@linkcode CommandError} if there is no room for it.
 */
export async function arrangeBoot(
  target: Session,
  image: RemoteKexec,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Arranged> {
  const { label, report } = target;
  const [own, certain = ""] = await Promise.all([
    makeTemporaryKey(signal),
    unattendedKey(target, signal),
  ]);
  const ask = (host?: TemporaryKey) => arrange(target, image, { own, certain, host, signal });
  let answer = await ask();
  if (answer.hostKeys.length === 0 || answer.hostKeysAre.has("none")) {
    answer = await ask(await makeTemporaryKey(signal, "nixos-anywhere-temporary-host-key"));
  }
  const { key, gathers, hostKeysAre } = answer;
  const objections: PreflightError[] = [];
  const byKey = target.method === "publickey";
  const refuse = (problem: string, hint: string) =>
    objections.push(new PreflightError(`${label}: ${problem}`, { hint }));
  if (key === "nowhere" && !byKey) {
    refuse(
      "no key can be handed to the installer: root's authorized_keys and /etc/ssh cannot be written",
      "put a key of yours into /root/.ssh/authorized_keys there and log in with it",
    );
  } else if (key === "nowhere") {
    const text =
      `${label}: no key of ours can be handed to the installer: the login there needs yours`;
    report({ type: "log", level: "warning", text });
  }
  if (hostKeysAre.has("lost") || (hostKeysAre.has("elsewhere") && !gathers.has("ssh_host_"))) {
    refuse(
      `its host keys are not in /etc/ssh, and ${
        hostKeysAre.has("lost") ? "cannot be put there" : "this kexec image takes none over"
      }: the installer could not be told from another machine`,
      "use an image that takes over the host keys in /etc/ssh, as the published one does",
    );
  } else if (hostKeysAre.has("elsewhere")) {
    const text =
      `${label}: the installer is given host keys, since none of the machine's are in /etc/ssh`;
    report({ type: "log", level: "info", text });
  }
  const uses = key === "planted" && (!byKey || gathers.has("authorized_keys"));
  const hostKeys = [...new Set([...image.facts.hostKeys, ...answer.hostKeys])];
  return { hostKeys, objections, ...(uses && { temporaryKey: own.privateKey }) };
}

interface Answer {
  readonly key: string;
  readonly hostKeys: readonly string[];
  readonly hostKeysAre: ReadonlySet<string>;
  readonly gathers: ReadonlySet<string>;
}

async function arrange(
  target: Session,
  { folder, facts }: RemoteKexec,
  { own, certain, host, signal }: {
    readonly own: TemporaryKey;
    readonly certain: string;
    readonly host: TemporaryKey | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Answer> {
  const { stdout } = await target.script(ARRANGE, {
    name: "arrange the boot",
    // A private host key goes along.
    shown: ["arrange the boot"],
    killOnDisconnect: true,
    args: [folder, certain, own.publicKey, host?.privateKey.trimEnd() ?? "", host?.publicKey ?? ""],
    become: becomeRoot(facts),
    timeout: 120_000,
    hint: "look at the space and the rights where the image was unpacked",
    signal,
  });
  const values = (name: string, shape: string) =>
    [...stdout.matchAll(new RegExp(`^${name} (${shape})$`, "gm"))].map(([, value = ""]) => value);
  return {
    key: values("key", "certain|planted|nowhere").at(-1) ?? "nowhere",
    hostKeys: values("host_key", "[a-z0-9@.-]{1,60} [A-Za-z0-9+/]{16,4000}={0,3}").slice(0, 20),
    hostKeysAre: new Set(values("host_keys", "[a-z]+")),
    gathers: new Set(values("gathers", "[a-z_]+")),
  };
}
