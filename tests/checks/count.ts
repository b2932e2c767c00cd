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
