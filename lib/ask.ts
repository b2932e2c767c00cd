/**
 * Questions on the terminal that a signal can end.
 *
 * @module
 */
import { abortable } from "./async.ts";

/** Asks on the error output and reads one line of the standard input; `undefined` where it ends, as with Ctrl-D. */
export async function askLine(question: string, signal: AbortSignal): Promise<string | undefined> {
  await say(question);
  const line = await typed(signal);
  if (line !== "") return line.replace(/\r?\n$/, "");
  await say("\n");
  return undefined;
}

/** Asks for what nobody may see: the terminal shows nothing of it. */
export async function askHidden(question: string, signal: AbortSignal): Promise<string> {
  let answer = "";
  // Before the question is there: an answer that is pasted, or comes quickly, would be shown.
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    await say(question);
    while (true) {
      const part = await typed(signal);
      if (part === "") return answer;
      for (const character of part) {
        if (character === "\r" || character === "\n") return answer;
        const erases = character === "\x7f" || character === "\b";
        answer = erases ? answer.slice(0, -1) : answer + character;
      }
    }
  } finally {
    Deno.stdin.setRaw(false);
    await say("\n");
  }
}

/** Asks for what nobody may see until it is long enough and was typed twice; an empty answer ends it. */
export async function askTwice(
  what: string,
  atLeast: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let tries = 0; tries < 3; tries++) {
    const first = await askHidden(`${what}: `, signal);
    if (first === "") return undefined;
    if (first.length < atLeast) await say(`It must have at least ${atLeast} characters.\n`);
    else if (await askHidden("The same passphrase again: ", signal) === first) return first;
    else await say("The two are not the same.\n");
  }
  return undefined;
}

async function say(text: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(text));
}

async function typed(signal: AbortSignal): Promise<string> {
  const buffer = new Uint8Array(4096);
  const read = await abortable(Deno.stdin.read(buffer), signal);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0));
}
