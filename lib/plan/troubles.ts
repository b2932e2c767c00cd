/**
 * The troubles that users of the bash tool know by their messages: how each is told, what it means, and
 * what to do. The hints of errors and README's table of troubles are both made from this.
 *
 * @module
 */

/** One trouble. */
export interface Trouble {
  /** The words it is known by, as a message of ours or of a program on the target says them. */
  readonly message: string;
  /** What happened. */
  readonly meaning: string;
  /** What to do about it, one clause. */
  readonly hint: string;
}

/** Every trouble, in the order of the reference manual. */
export const TROUBLES = {
  initrd: {
    message: "Failure unpacking initrd",
    meaning: "the target has too little memory to hold the kexec image",
    hint:
      "give the machine more memory, use a smaller image with --kexec, or boot it from an installer image",
  },
  attribute: {
    message: "flake does not provide attribute",
    meaning: "the name behind # is none of the flake's nixosConfigurations",
    hint:
      "use a name that `nix flake show` lists below nixosConfigurations, and `git add` new files of the flake",
  },
  fragment: {
    message: "names no NixOS configuration",
    meaning: "the flake reference has no name behind #",
    hint: 'to use the output nixosConfigurations.foo of the flake, append "#foo" to it',
  },
  facts: {
    message: "retrieving host facts via ssh failed",
    meaning: "the login works, but a POSIX shell there does not answer as it should",
    hint:
      "try `ssh HOST sh -c true`: a forced command or a broken start-up file is in the way; --debug shows all",
  },
  host: {
    message: "ssh-host must be set",
    meaning: "the command line names no target",
    hint: "name the target last, behind the options: root@203.0.113.7",
  },
  storePaths: {
    message: "<disko_script> and <nixos_system> must be existing store-paths",
    meaning: "a path given with --store-paths is not in this machine's store",
    hint: "build it first, or name the store that has it with --from",
  },
  source: {
    message: "flake must be set",
    meaning: "neither --flake nor --store-paths says what to install",
    hint: "name a configuration with --flake .#web, or built paths with --store-paths",
  },
  tar: {
    message: "no tar command found, but required to unpack the kexec image",
    meaning: "the target has no tar",
    hint: "install tar on the target, or boot it from an installer image",
  },
  setsid: {
    message:
      "no setsid --wait command found, but required to run the image's script under a new session",
    meaning: "the target has no setsid, or one that knows no --wait, as busybox'",
    hint: "install util-linux on the target, or boot it from an installer image",
  },
  linux: {
    message: "requires Linux as the operating system, but got",
    meaning: "the target runs another system than Linux, from which there is no kexec",
    hint: "boot the machine into Linux, a rescue system or a NixOS installer first",
  },
  architecture: {
    message: "there is no published kexec image for its architecture",
    meaning: "images are published for x86_64 and aarch64 only",
    hint:
      "build an image for this architecture and give it with --kexec, or boot from an installer image",
  },
  diskoFragment: {
    message: "Please specify the name of the NixOS configuration to be installed",
    meaning:
      "disko's own command was run in place of a disko script, without a configuration's name",
    hint:
      "give the script itself, the configuration's system.build.diskoScript, first with --store-paths",
  },
  diskoMode: {
    message: "mode must be either",
    meaning: "disko's own command was run in place of a disko script",
    hint:
      "give the script itself, the configuration's system.build.diskoScript, first with --store-paths",
  },
  diskoConfig: {
    message: "disko config must be an existing file or flake must be set",
    meaning: "disko's own command was run in place of a disko script, without a disk layout",
    hint:
      "give the script itself, the configuration's system.build.diskoScript, first with --store-paths",
  },
} as const satisfies Readonly<Record<string, Trouble>>;

/** The hint for the trouble whose words are in `output`, the one with the most of them; else `otherwise`. */
export function hintFor(output: string, otherwise: string): string {
  const known = Object.values(TROUBLES).filter(({ message }) => output.includes(message));
  return known.toSorted((a, b) => b.message.length - a.message.length)[0]?.hint ?? otherwise;
}

/** README's table of troubles, in Markdown. */
export function troublesTable(): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "\\<");
  const rows = Object.values(TROUBLES).map(({ message, meaning, hint }) =>
    `| ${cell(message)} | ${cell(meaning)} | ${cell(hint)} |`
  );
  return ["| message | what it means | what to do |", "| --- | --- | --- |", ...rows, ""].join(
    "\n",
  );
}
