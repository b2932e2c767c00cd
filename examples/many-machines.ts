/**
 * Several machines at once, each line of output with the machine's name before it. One that fails does not
 * end the others.
 *
 *     deno run -A examples/many-machines.ts web=root@203.0.113.7 db=root@203.0.113.8
 */
import { InstallError, nixosAnywhere } from "@nixos-anywhere/deno";

const machines = Deno.args.map((word) => {
  const [name = "", host = ""] = word.split(/=(.*)/);
  return { name, host };
});

/** Installs one machine; says how it ended. */
async function installOne({ name, host }: { name: string; host: string }): Promise<boolean> {
  const say = (text: string) => console.log(`${name.padEnd(8)} | ${text}`);
  try {
    const { system } = await nixosAnywhere({
      flake: `.#${name}`,
      host,
      report: (event) => {
        if (event.type === "stage") say(`${event.stage} ${event.state}`);
        if (event.type === "log" && event.level === "warning") say(`warning: ${event.text}`);
      },
    });
    say(`runs ${system}`);
    return true;
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    say(`error: ${error.message} (${error.hint})`);
    return false;
  }
}

const ended = await Promise.all(machines.map(installOne));
console.log(`${ended.filter(Boolean).length} of ${ended.length} installed`);
Deno.exit(ended.every(Boolean) ? 0 : 1);
