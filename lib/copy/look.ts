/**
 * A look at the target before a copy: its tools, and which of its substituters answer.
 *
 * @module
 */
import { settingArgs } from "../nix/command.ts";
import type { NixOptions } from "../nix/command.ts";
import type { Session } from "../ssh/session.ts";

/** What a look at a target found. */
export interface Look {
  /** Which of the programs that unpack streams it has, and `stripes` where it can join several channels. */
  readonly tools: ReadonlySet<string>;
  /** Its substituters that answer. */
  readonly substituters: readonly string[];
}

// Every substituter gets three seconds, all at the same time. One that was dead before is not asked again.
const LOOK = `
substitute=$1 dead=$2
shift 2
for tool in zstd gzip; do ! command -v "$tool" >/dev/null 2>&1 || echo "tool $tool"; done
! { command -v mkfifo && echo | dd bs=1 count=1 iflag=fullblock; } >/dev/null 2>&1 || echo "tool stripes"
[ "$substitute" = yes ] || { echo end; exit 0; }
ask() {
  case $1 in
  http://*|https://*)
    if command -v curl >/dev/null 2>&1; then
      curl --fail --silent --location --max-time 3 --output /dev/null -- "\${1%/}/nix-cache-info"
    elif command -v wget >/dev/null 2>&1; then
      timeout 3 wget -q -t 1 -O /dev/null -- "\${1%/}/nix-cache-info"
    else timeout 3 nix --extra-experimental-features nix-command store ping --store "$1"
    fi ;;
  *) timeout 3 nix --extra-experimental-features nix-command store ping --store "$1" ;;
  esac >/dev/null 2>&1
}
set -f
for url in $(nix --extra-experimental-features nix-command "$@" show-config 2>/dev/null |
  sed -n 's/^substituters = //p'); do
  case " $dead " in *" \${url%/} "*) continue ;; esac
  { if ask "$url"; then echo "alive $url"; else echo "dead $url"; fi; } &
done
wait
echo end
`;

const TOOLS = ["zstd", "gzip", "stripes"];

/** Substituters of a target that did not answer, without a slash at their end. */
const dead = new WeakMap<Session, Set<string>>();

/** Looks of before, by what was asked. */
const looks = new WeakMap<Session, Map<string, Look>>();

/** A substituter of a target did not answer: it is not asked again. */
export function passOver(session: Session, url: string): void {
  const known = dead.get(session) ?? new Set();
  dead.set(session, known.add(url.replace(/\/$/, "")));
  looks.delete(session);
}

/** Looks at a target, once for the same settings. What it does not answer is not there. */
export async function lookAt(
  session: Session,
  substitute: boolean,
  options: NixOptions,
  signal: AbortSignal,
): Promise<Look> {
  const { report } = session;
  const asked = [substitute ? "yes" : "no", ...settingArgs(options)];
  const before = looks.get(session)?.get(asked.join(" "));
  if (before) return before;
  const [yes = "", ...settings] = asked;
  const answer = await session.script(LOOK, {
    name: "look",
    // Settings and addresses may hold secrets.
    inline: settings.length === 0 && !dead.get(session)?.size,
    args: [yes, [...dead.get(session) ?? []].join(" "), ...settings],
    allowFailure: true,
    deadline: 20_000,
    signal,
  }).catch((error) => {
    signal.throwIfAborted();
    report({ type: "log", level: "warning", text: String(error.message) });
    return { stdout: "" };
  });
  const { tools, alive, lost } = readLook(answer.stdout);
  for (const url of lost) {
    passOver(session, url);
    const text = `${session.label}: the substituter ${url} does not answer: not used`;
    report({ type: "log", level: "warning", text });
  }
  const look = { tools, substituters: alive };
  const known = looks.get(session) ?? new Map<string, Look>();
  if (/^end$/m.test(answer.stdout)) looks.set(session, known.set(asked.join(" "), look));
  return look;
}

/** Reads the answer of a look. */
export function readLook(
  answer: string,
): { tools: ReadonlySet<string>; alive: readonly string[]; lost: readonly string[] } {
  const values = (key: string) =>
    Array.from(
      answer.matchAll(new RegExp(`^${key} ([^\\s\\p{Cc}]{1,1000})$`, "gmu")),
      (m) => m[1]!,
    );
  return {
    tools: new Set(values("tool").filter((tool) => TOOLS.includes(tool))),
    alive: values("alive"),
    lost: values("dead"),
  };
}
