/**
 * How busy a target is while it takes a stream.
 *
 * @module
 */
import type { Session } from "../../ssh/session.ts";
import type { Signs } from "../policy.ts";

// Five looks within half a second. The ports name the connection; what waits there is what sshd has not read.
const LOOK = `
set -- \${SSH_CONNECTION:-}
[ $# = 4 ] || exit 0
ends=$(printf ':%04X [0-9A-F]*:%04X 01 ' "$4" "$2")
clock() {
  read -r _ user nice system idle io irq soft steal _ </proc/stat
  total=$((user + nice + system + idle + io + irq + soft + steal))
}
clock
idle0=$idle total0=$total looks=0 unread=0
while [ "$looks" -lt 5 ]; do
  sleep 0.1 2>/dev/null || sleep 1
  queue=$(grep -h "$ends" /proc/net/tcp /proc/net/tcp6 2>/dev/null) || :
  [ -n "$queue" ] || exit 0
  queue=\${queue#*" 01 "}
  queue=\${queue%%" "*}
  looks=$((looks + 1))
  [ $((0x\${queue#*:})) -lt 65536 ] || unread=$((unread + 1))
done
clock
echo "looks $looks $unread"
echo "times $((total - total0)) $((idle - idle0))"
`;

/** Asks a target for the signs that it can give, which takes half a second; it gives none where it cannot. */
export async function targetLoad(
  session: Session,
  signal: AbortSignal,
): Promise<Pick<Signs, "unread" | "idleThere">> {
  const options = { name: "load", inline: true, allowFailure: true, timeout: 10_000, signal };
  return await session.script(LOOK, options).then(({ stdout }) => parseLoad(stdout), () => ({}));
}

/** Parses what a target says of itself. */
export function parseLoad(answer: string): Pick<Signs, "unread" | "idleThere"> {
  const share = (key: string) => {
    const [, total, part] = new RegExp(`^${key} (\\d{1,9}) (\\d{1,9})$`, "m").exec(answer) ?? [];
    return Number(total) > 0 ? Math.min(1, Number(part) / Number(total)) : undefined;
  };
  return { unread: share("looks"), idleThere: share("times") };
}
