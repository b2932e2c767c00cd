import { stripVTControlCharacters } from "node:util";

/** How many went well and how many did not. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** Nothing yet. */
export const NONE: Count = { passed: 0, failed: 0, ignored: 0 };

/** The sum of counts. */
export function sum(counts: readonly Count[]): Count {
  return counts.reduce((all, one) => ({
    passed: all.passed + one.passed,
    failed: all.failed + one.failed,
    ignored: all.ignored + one.ignored,
  }), NONE);
}

/**
 * What one `deno test` counted, from the last line of its report: that line, unlike the JUnit file,
 * also has the test files that did not even load. A run that failed has at least one failure,
 * whatever it says: one that was killed says nothing.
 */
export function countTests(output: string, ok: boolean): Count {
  const line = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed.*$/gm;
  const last = [...stripVTControlCharacters(output).matchAll(line)].at(-1);
  const [passed, failed] = [Number(last?.[1] ?? 0), Number(last?.[2] ?? 0)];
  const ignored = Number(/ \| (\d+) ignored/.exec(last?.[0] ?? "")?.[1] ?? 0);
  return { passed, failed: ok && last ? failed : Math.max(failed, 1), ignored };
}

/** A check that is one thing. */
export function countCheck(ok: boolean): Count {
  return { ...NONE, passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

/** How many lines of an error are shown again: what was expected stands in the first of a comparison. */
const SHOWN_LINES = 5;
const SHOWN_WIDTH = 160;

/**
 * The failures of one `deno test`, each with its place and the beginning of its error. They are said again as the last
 * words of a run: of a long output often only the end is kept.
 */
export function failuresOf(output: string): string[] {
  const text = stripVTControlCharacters(output);
  const errors = /^ ERRORS $([^]*?)^ FAILURES $/m.exec(text)?.[1] ?? "";
  const found = errors.split(/^(.+ => \S+:\d+:\d+|.+ \(uncaught error\))$/m).slice(1);
  return found.flatMap((head, at) => {
    if (at % 2 === 1) return [];
    const lines = (found[at + 1] ?? "").split("\n")
      .filter((line) => line.trim() && !/^\s*(?:at |[[{]$)|actual - expected|\[Diff\]/.test(line))
      .slice(0, SHOWN_LINES);
    return [[head, ...lines.map((line) => `  ${line.slice(0, SHOWN_WIDTH)}`)].join("\n")];
  });
}
