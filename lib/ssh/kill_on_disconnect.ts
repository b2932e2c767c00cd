/**
 * Commands on a target that end with us. Without a terminal sshd tells a command nothing when its
 * connection goes: a disko script would go on formatting while the next run starts it again.
 *
 * @module
 */
import { quoteAll } from "./quote.ts";

/**
 * Shell code, for the input of `sh -s`, that runs `text` with these arguments and ends it, and all that it
 * has started, as soon as that input ends: SIGTERM, once more two seconds later, since dash and busybox lose one that reaches
 * a subshell before it has begun, and SIGKILL after five, which leaves nobody to tidy up. sshd gives each command
 * a process group of its own. All is in one function, read as a whole before its input is somebody else's.
 */
export function killOnDisconnectCode(text: string, args: readonly string[]): string {
  return `main() {
set -eu
${text}
}
tied() {
exec 3<&0
( exec 3<&-; main "$@" ) </dev/null &
work=$!
( trap '' TERM
  while IFS= read -r _; do :; done
  kill -TERM 0
  sleep 2
  kill -TERM 0
  sleep 3
  kill -KILL 0
) <&3 >/dev/null 2>&1 &
watch=$!
exec 3<&-
status=0
wait "$work" || status=$?
kill -KILL "$watch" 2>/dev/null
exit "$status"
}
tied ${quoteAll(args)}
`;
}

/** A stream that says this and then nothing more, without an end. */
export function openEnded(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
  });
}
