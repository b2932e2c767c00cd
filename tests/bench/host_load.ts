/**
 * The machine that measures, quiet or kept busy.
 *
 * @module
 */

/** What else this machine does while something is measured: `busy` are as many processes that compute as it has cores. */
export const HOSTS = ["quiet", "busy"] as const;
/** One of them. */
export type Host = typeof HOSTS[number];

/** Keeps this machine busy, or not, until it is disposed of. */
export function startLoad(host: Host): AsyncDisposable {
  const count = host === "busy" ? navigator.hardwareConcurrency : 0;
  const children = Array.from({ length: count }, () =>
    // The kernel ends it with this process, however that ends.
    new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", "sh", "-c", "while :; do :; done"],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn());
  return {
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((child) => child.status));
    },
  };
}

/** This machine's load average, over a minute, with one digit. */
export function loadAverage(): number {
  return Number((Deno.loadavg()[0] ?? 0).toFixed(1));
}
