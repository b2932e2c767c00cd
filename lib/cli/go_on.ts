/**
 * The command line that goes on where another one ended.
 *
 * @module
 */
import { hideSecrets } from "../plan/secrets.ts";
import type { Phase } from "../plan/phases.ts";
import { FLAGS } from "./flags.ts";

/**
 * The words of a command line, with other phases where some are given. What may be a secret is replaced by `…`: it has to
 * be put in again by whoever has it.
 */
export function goOnWords(
  words: readonly string[],
  phases: readonly Phase[] | undefined,
): readonly string[] {
  const kept: string[] = phases ? ["--phases", phases.join(",")] : [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      kept.push(...words.slice(at).map((one) => hideSecrets(one)));
      break;
    }
    const [name] = word.split("=", 1);
    const flag = FLAGS.find((one) => word === one.short || name === one.name);
    const inWord = word.startsWith("--") && word.includes("=") ? 1 : 0;
    const values = words.slice(at + 1, at + 1 + Math.max(0, (flag?.values.length ?? 0) - inWord));
    at += values.length;
    if (flag?.key === "phases" && phases !== undefined) continue;
    const setting = flag?.values[1] === "VALUE"
      ? values.at(-2) ?? word.slice(word.indexOf("=") + 1)
      : "";
    kept.push(
      hideSecrets(word),
      ...values.map((one, of) => hideSecrets(one, of === values.length - 1 ? setting : "")),
    );
  }
  return kept;
}
