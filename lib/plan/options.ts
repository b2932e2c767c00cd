/**
 * What a whole install can be told. Each option has an entry in the option table, by its key.
 *
 * @module
 */
import type { Timeouts } from "./timeouts.ts";

/** A path of the new system, and who is to own it and all below. */
export interface Chown {
  /** An absolute path in the new system. */
  readonly path: string;
  /** `user`, `user:group` or numbers, as `chown` reads them. */
  readonly owner: string;
}

/**
 * A disk encryption key on its way: `remote` is where the disko configuration reads it, an absolute path on the
 * target; `local` is a file here, or a pipe, read once; or else `content` is the key itself.
 */
export type DiskKey =
  & { readonly remote: string }
  & (
    | { readonly local: string; readonly content?: undefined }
    | { readonly content: Uint8Array; readonly local?: undefined }
  );

/** A nix option for every nix command, here and on the target, or a setting of a store's address. */
export interface Setting {
  /** Its name. */
  readonly name: string;
  /** Its value. */
  readonly value: string;
}

/** A hardware configuration that is generated on the target and written here. */
export interface HardwareConfig {
  /** The program that writes it. */
  readonly backend: "nixos-facter" | "nixos-generate-config";
  /** The file of this machine that is replaced. */
  readonly path: string;
}

/**
 * Everything a whole install can be told; only `host` and one of `flake` and `storePaths` are needed. `flake` is a flake
 * and the NixOS configuration in it, `URI#NAME`; `storePaths` are a disko script and a NixOS system that were built
 * before. Neither where no phase installs anything.
 */
export type PlanOptions =
  & InstallSettings
  & (
    | { readonly flake?: string | undefined; readonly storePaths?: undefined }
    | {
      readonly storePaths?: { readonly disko: string; readonly system: string } | undefined;
      readonly flake?: undefined;
    }
  );

/** Everything a whole install can be told besides what is installed; only `host` is needed. */
export interface InstallSettings {
  /** The target: `user@host`, an alias of the ssh config, an IPv6 literal, `ssh://user@host:port`. */
  readonly host?: string | undefined;
  /** The private key to log in with, or the `.pub` of a key that an agent holds. Default: ssh's own */
  readonly identityFile?: string | undefined;
  /** The text of a private key to log in with; `identityFile` wins. Default: none */
  readonly privateKey?: string | undefined;
  /** The target's ssh port before kexec. Default: ssh's own */
  readonly sshPort?: number | string | undefined;
  /** The installer's ssh port after kexec. Default: 22 */
  readonly postKexecSshPort?: number | string | undefined;
  /** Where the installer answers, for a machine that gets another address there. Default: where the target does */
  readonly installerHost?: string | undefined;
  /** `KEY=VALUE` lines for ssh; they win over this module's own. Default: [] */
  readonly sshOptions?: readonly string[] | undefined;
  /** The password to log in with. Default: ssh asks on the terminal */
  readonly password?: string | undefined;
  /**
   * Whose host key is believed: `accept-new`, `strict`, `off` or a fingerprint `SHA256:…`.
   * Default: what the ssh config says, at least "accept-new"
   */
  readonly hostKey?: string | undefined;
  /** The known_hosts file that decides. Default: those of the ssh config */
  readonly knownHosts?: string | undefined;
  /** Whether the new system's host keys replace the old ones in known_hosts. Default: false */
  readonly updateKnownHosts?: boolean | undefined;
  /** Settings for the end of the target store's address. Default: [] */
  readonly sshStoreSettings?: readonly Setting[] | undefined;
  /** The kexec image: a local file, or a URL. Default: the published image for the target */
  readonly kexec?: string | undefined;
  /** The SHA-256 that the image must have, 64 hexadecimal digits. Default: not checked */
  readonly kexecSha256?: string | undefined;
  /** Whether kexec happens even when an installer runs already. Default: false */
  readonly forceKexec?: boolean | undefined;
  /** Flags handed to the image's script as one argument. Default: "" */
  readonly kexecExtraFlags?: string | undefined;
  /** Whether nothing is changed: the plan is made, held against the target, and shown. Default: false */
  readonly dryRun?: boolean | undefined;
  /** Whether an install goes on against the checks of the target; each is reported then. Default: false */
  readonly force?: boolean | undefined;
  /** How long waits may take, in milliseconds. Default: those of {@linkcode TIMEOUTS} */
  readonly timeouts?: { readonly [W in keyof Timeouts]?: number | undefined } | undefined;
  /** The phases to run. Default: all four */
  readonly phases?: readonly string[] | undefined;
  /** Which disko script is run: wipe, partition and mount; only mount; or only format. Default: "disko" */
  readonly diskoMode?: "disko" | "mount" | "format" | undefined;
  /** Whether the disko script brings what it depends on; `false` for targets short of memory. Default: true */
  readonly diskoDeps?: boolean | undefined;
  /** Where the system is built: here, on the target, or where it can be. Default: "auto" */
  readonly buildOn?: "auto" | "local" | "remote" | undefined;
  /** A hardware configuration to generate on the installer before the build. Default: none */
  readonly generateHardwareConfig?: HardwareConfig | undefined;
  /** A folder whose contents go to `/` of the new system. Default: none */
  readonly extraFiles?: string | undefined;
  /** Owners of paths of the new system, in this order. Default: [] */
  readonly chown?: readonly Chown[] | undefined;
  /** Keys that the disko script reads. Default: [] */
  readonly diskEncryptionKeys?: readonly DiskKey[] | undefined;
  /** Whether the machine's ssh host keys are kept. Default: false */
  readonly copyHostKeys?: boolean | undefined;
  /** Whether the target may fetch paths from its substituters. Default: true */
  readonly substituteOnDestination?: boolean | undefined;
  /** Whether the installer uses the configuration's substituters. Default: true */
  readonly useMachineSubstituters?: boolean | undefined;
  /** The store that closures are copied from. Default: this machine's */
  readonly from?: string | undefined;
  /** Nix options for every nix command. Default: [] */
  readonly nixOptions?: readonly Setting[] | undefined;
  /**
   * Whether the settings in the flake (its `nixConfig`), such as caches, are trusted and used.
   * Default: what nix's own `accept-flake-config` says
   */
  readonly acceptFlakeConfig?: boolean | undefined;
  /** Whether whole build logs are shown. Default: false */
  readonly printBuildLogs?: boolean | undefined;
  /** Whether nix tells where in the code an evaluation failed. Default: false */
  readonly showTrace?: boolean | undefined;
  /** The value of NIXOS_NO_CHECK for nixos-install. Default: not set */
  readonly noCheck?: string | undefined;
  /** Whether the configuration is tested in a virtual machine instead of installed. Default: false */
  readonly vmTest?: boolean | undefined;
}
