/**
 * Installs a machine, for the module install: what to do as JSON in the variable ARGUMENTS, the private key in
 * SSH_PRIVATE_KEY, the password in SSHPASS.
 *
 *     ARGUMENTS='{"flake": ".#web", "target_host": "203.0.113.7"}' deno run -A examples/terraform/programs/install.ts
 */
import {
  CommandError,
  type DiskKey,
  nixosAnywhere,
  type NixosAnywhereOptions,
  PHASES,
  UsageError,
} from "@nixos-anywhere/deno";
import { pin, pinFile } from "./host_keys.ts";
import { bracketed, Input, takeSecret } from "./input.ts";
import { type Context, run, spawn, telling } from "./run.ts";

/** The phases in their order: Terraform's set has none. */
export function phasesOf(input: Input): string[] {
  const given = input.texts("phases", PHASES);
  for (const phase of given) {
    if ((PHASES as readonly string[]).includes(phase)) continue;
    throw new UsageError(`phases: ${JSON.stringify(phase)} is no phase`, {
      hint: `use some of ${PHASES.join(", ")}`,
    });
  }
  if (given.length === 0) {
    throw new UsageError("phases must not be empty", { hint: "leave it out for all of them" });
  }
  const left = PHASES.filter((phase) => given.includes(phase));
  if (input.flag("stop_after_disko")) {
    return left.filter((one) => one === "kexec" || one === "disko");
  }
  return left.filter((one) => one !== "reboot" || !input.flag("no_reboot"));
}

/** The hardware configuration that is to be written; only one can be. */
export function hardwareOf(input: Input): NixosAnywhereOptions["generateHardwareConfig"] {
  const facter = input.text("nixos_facter_path");
  const generate = input.text("nixos_generate_config_path");
  if (facter !== undefined && generate !== undefined) {
    throw new UsageError("nixos_facter_path and nixos_generate_config_path exclude each other", {
      hint: "set one of them",
    });
  }
  if (facter !== undefined) return { backend: "nixos-facter", path: facter };
  return generate === undefined ? undefined : { backend: "nixos-generate-config", path: generate };
}

/** Runs a script of the user's and returns what it prints. */
async function output(script: string, cwd: string | undefined, { signal, print }: Context) {
  const path = await Deno.realPath(script).catch((cause) => {
    throw new UsageError(`cannot run ${script}: there is no such file`, {
      ...{ cause, hint: "give the path of an executable; abspath() makes one of a module's file" },
    });
  });
  const child = spawn(path, { signal, ...(cwd !== undefined && { cwd }) }, {
    hint: "make it executable, and let its first line name what runs it: #!/bin/sh",
  });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  signal.throwIfAborted();
  for (const line of stderr.trim().split("\n")) if (line !== "") print(`${script}: ${line}`);
  if (!status.success) {
    throw new CommandError(`${script} failed with exit code ${status.code}`, {
      ...{
        command: [path],
        exitCode: status.code,
        signal: status.signal,
        where: "here",
        output: "",
      },
      hint: "see what it has printed",
    });
  }
  return stdout;
}

/** What is installed: store paths, or a flake. */
function sourceOf(input: Input): Pick<NixosAnywhereOptions, "flake" | "storePaths"> {
  const [flake, system, disko] = ["flake", "nixos_system", "nixos_partitioner"].map((name) =>
    input.text(name)
  );
  if (system === undefined && disko === undefined) {
    if (flake !== undefined) return { flake };
    throw new UsageError("nothing to install is named", {
      hint: "set flake, or nixos_system and nixos_partitioner",
    });
  }
  return { storePaths: { disko: disko ?? system ?? "", system: system ?? disko ?? "" } };
}

await run(async (context) => {
  const input = new Input(Deno.env.get("ARGUMENTS") ?? "", "ARGUMENTS");
  Deno.env.delete("ARGUMENTS");
  const privateKey = takeSecret("SSH_PRIVATE_KEY");
  const password = takeSecret("SSHPASS");
  const host = input.host("target_host");
  const user = input.text("target_user") ?? "root";
  const port = input.port("target_port");
  // Files of a whole machine: for nobody else's eyes.
  const folder = await Deno.makeTempDir();
  const told = telling(context.print, input.flag("debug_logging"));
  try {
    const script = input.text("extra_files_script");
    if (script !== undefined) {
      const printed = await output(script, folder, context);
      if (printed.length > 0) context.print(new TextDecoder().decode(printed).trimEnd());
    }
    const diskEncryptionKeys: DiskKey[] = [];
    for (
      const { path, script } of input.objects("disk_encryption_key_scripts", ["path", "script"])
    ) {
      diskEncryptionKeys.push({ remote: path, content: await output(script, undefined, context) });
    }
    const report = await nixosAnywhere({
      ...sourceOf(input),
      ...{
        host: `${user}@${bracketed(host)}`,
        sshPort: port,
        privateKey,
        password,
        diskEncryptionKeys,
      },
      phases: phasesOf(input),
      generateHardwareConfig: hardwareOf(input),
      kexec: input.text("kexec_tarball_url"),
      copyHostKeys: input.flag("copy_host_keys"),
      buildOn: input.flag("build_on_remote") ? "remote" : undefined,
      nixOptions: input.settings("nix_options"),
      extraFiles: script === undefined ? undefined : folder,
      sudoPassword: () => Promise.resolve(password),
      report: told.report,
      signal: context.signal,
    } as NixosAnywhereOptions);
    if (!report.rebooted) return context.print(`${report.host}: done, and not rebooted`);
    const pins = input.text("pins");
    // The new system may have another port.
    const after = Number(Deno.env.get("NIXOS_ANYWHERE_PORT_AFTER") ?? port);
    if (pins !== undefined) await pin(pinFile(pins, host, after), report.rebooted.hostKeys);
    context.print(`${report.host}: ${report.system} is installed, ${report.rebooted.seen}`);
  } catch (error) {
    context.print(`state: ${told.state}`);
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
});
