/**
 * Probing the target before a copy: its tools, and which of its substituters answer.
 *
 * @module
 */
import { type NixOptions, settingArgs } from "../../nix/command.ts";
import type { Report } from "../../report/events.ts";
import type { Session } from "../../ssh/session.ts";

/** What a probe has found. */
export interface Probe {
  /** Which of the programs that compress it has. */
  readonly tools: ReadonlySet<string>;
  /** Its substituters that answer. */
  readonly substituters: readonly string[];
}

// Every substituter gets three seconds, all at the same time. One that was dead before is not asked again.
const PROBE = `
substitute=$1 dead=$2
shift 2
for tool in zstd gzip; do ! command -v "$tool" >/dev/null 2>&1 || echo "tool $tool"; done
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

const TOOLS = ["zstd", "gzip"];

/** Substituters of a target that did not answer, without a slash at their end. */
const dead = new WeakMap<Session, Set<string>>();

/** Earlier probes, by what was asked. */
const probes = new WeakMap<Session, Map<string, Probe>>();

/** Marks a substituter of a target that did not answer: it is not asked again. */
export function markDead(session: Session, url: string): void {
  const known = dead.get(session) ?? new Set();
  dead.set(session, known.add(url.replace(/\/$/, "")));
  probes.delete(session);
}

/** Probes a target, once for the same settings. What it does not answer is not there. */
export async function probeTarget(
  session: Session,
  substitute: boolean,
  options: NixOptions & { readonly report: Report },
  signal: AbortSignal,
): Promise<Probe> {
  const asked = [substitute ? "yes" : "no", ...settingArgs(options)];
  const before = probes.get(session)?.get(asked.join(" "));
  if (before) return before;
  const [yes = "", ...settings] = asked;
  const answer = await session.script(PROBE, {
    name: "probe",
    // Settings and addresses may hold secrets.
    inline: settings.length === 0 && !dead.get(session)?.size,
    args: [yes, [...dead.get(session) ?? []].join(" "), ...settings],
    allowFailure: true,
    timeout: 20_000,
    signal,
  }).catch((error) => {
    signal.throwIfAborted();
    options.report({ type: "log", level: "warning", text: String(error.message) });
    return { stdout: "" };
  });
  const { tools, alive, lost } = parseProbe(answer.stdout);
  for (const url of lost) {
    markDead(session, url);
    const text = `${session.label}: the substituter ${url} does not answer: not used`;
    options.report({ type: "log", level: "warning", text });
  }
  const probe = { tools, substituters: alive };
  const known = probes.get(session) ?? new Map<string, Probe>();
  if (/^end$/m.test(answer.stdout)) probes.set(session, known.set(asked.join(" "), probe));
  return probe;
}

/** Parses the answer of a probe. */
export function parseProbe(
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
