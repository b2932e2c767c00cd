/**
 * Every error this module throws on purpose. Each has a `message` (what failed, on which machine, the
 * value that was wrong) and a `hint` (what to do next).
 *
 * @module
 */

import { InstallError } from "./install_error.ts";

export { InstallError };

/**
 * An option or a local input is wrong. Nothing was contacted.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { UsageError } from "./errors.ts";
 * import { parsePhases } from "./plan/phases.ts";
 * try {
 *   parsePhases("format");
 * } catch (error) {
 *   assert(error instanceof UsageError && error.hint !== "");
 * }
 * ```
 */
export class UsageError extends InstallError {}

/**
 * The target cannot be installed this way. Nothing was changed on it.
 *
 * @example
 * ```ts ignore
 * import { nixosAnywhere, PreflightError } from "@nixos-anywhere/deno";
 * const error = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" }).catch((e) => e);
 * if (error instanceof PreflightError) console.error(`left as it was: ${error.message}`);
 * ```
 */
export class PreflightError extends InstallError {}

/**
 * The target is not the machine it should be: its host key is unknown, or not the one it had.
 *
 * @example
 * ```ts ignore
 * import { connect, HostIdentityError } from "@nixos-anywhere/deno";
 * const error = await connect("root@203.0.113.7").catch((e) => e);
 * if (error instanceof HostIdentityError) console.error(`it showed ${error.fingerprint}`);
 * ```
 */
export class HostIdentityError extends InstallError {
  /** The fingerprint of the host key that was shown, `SHA256:…`, where it is known. */
  readonly fingerprint: string | undefined;

  /** Makes an error of `message` with its hint and the host key that was shown. */
  constructor(
    message: string,
    options: ErrorOptions & { readonly hint: string; readonly fingerprint?: string | undefined },
  ) {
    super(message, options);
    this.fingerprint = options.fingerprint;
  }
}

/**
 * The target cannot be reached or logged in to, or the connection to it was lost.
 *
 * @example
 * ```ts ignore
 * import { connect, ConnectionError } from "@nixos-anywhere/deno";
 * const error = await connect("root@203.0.113.7").catch((e) => e);
 * if (error instanceof ConnectionError) console.error("it does not answer");
 * ```
 */
export class ConnectionError extends InstallError {}

/**
 * The target answered, and refused the login.
 *
 * @example
 * ```ts ignore
 * import { connect, LoginError } from "@nixos-anywhere/deno";
 * const error = await connect("root@203.0.113.7").catch((e) => e);
 * if (error instanceof LoginError) console.error(`${error.fingerprint} does not let us in`);
 * ```
 */
export class LoginError extends ConnectionError {
  /** The fingerprint of the host key that the target proved to have, `SHA256:…`, where it is known. */
  readonly fingerprint: string | undefined;

  /** Makes an error of `message` with its hint and the target's host key. */
  constructor(
    message: string,
    options: ErrorOptions & { readonly hint: string; readonly fingerprint?: string | undefined },
  ) {
    super(message, options);
    this.fingerprint = options.fingerprint;
  }
}

/**
 * Something took longer than it may.
 *
 * @example
 * ```ts ignore
 * import { DeadlineError, nixosAnywhere } from "@nixos-anywhere/deno";
 * const error = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" }).catch((e) => e);
 * if (error instanceof DeadlineError) console.error(`too slow: ${error.message}`);
 * ```
 */
export class DeadlineError extends InstallError {}

/**
 * A machine did not come back as the system that it was to boot.
 *
 * @example
 * ```ts ignore
 * import { BootError, nixosAnywhere } from "@nixos-anywhere/deno";
 * const error = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" }).catch((e) => e);
 * if (error instanceof BootError && error.outcome === "stayed") console.error("no kexec");
 * ```
 */
export class BootError extends InstallError {
  /** `stayed`: the same boot still runs; `other`: a new boot, of another system; `silent`: no answer. */
  readonly outcome: "stayed" | "other" | "silent";

  /** Makes an error of `message` with its hint and what became of the machine. */
  constructor(
    message: string,
    options: ErrorOptions & Pick<BootError, "hint" | "outcome">,
  ) {
    super(message, options);
    this.outcome = options.outcome;
  }
}

/**
 * A system was not activated, or the machine was not reachable by a new login afterwards.
 *
 * @example
 * ```ts ignore
 * import { ActivationError, deploy } from "@nixos-anywhere/deno";
 * const error = await deploy(session, system, { action: "switch" }).catch((e) => e);
 * if (error instanceof ActivationError && error.outcome === "back") console.error("it runs as before");
 * ```
 */
export class ActivationError extends InstallError {
  /**
   * `back`: the machine runs the system before again; `broken`: going back failed too; `kept`: it was not to go back;
   * `unknown`: it could not be asked, and goes back by itself; `lost`: it forgot the update, as in a reboot, and does not.
   */
  readonly outcome: "back" | "broken" | "kept" | "unknown" | "lost";
  /** The exit code of the new system's switch-to-configuration, where it has ended. */
  readonly exitCode: number | undefined;

  /** Makes an error of `message` with its hint and what became of the machine. */
  constructor(
    message: string,
    options:
      & ErrorOptions
      & Pick<ActivationError, "hint" | "outcome">
      & { readonly exitCode?: number | undefined },
  ) {
    super(message, options);
    this.outcome = options.outcome;
    this.exitCode = options.exitCode;
  }
}

/**
 * The target's answer does not have the shape it must have.
 *
 * @example
 * ```ts ignore
 * import { AnswerError, connect } from "@nixos-anywhere/deno";
 * const error = await connect("root@203.0.113.7").catch((e) => e);
 * if (error instanceof AnswerError) console.error("a start-up file of its shell is in the way");
 * ```
 */
export class AnswerError extends InstallError {}

/**
 * The installer's disks are not those that were shown, or not ready for disko. Nothing on them was changed.
 *
 * @example
 * ```ts ignore
 * import { DiskError, nixosAnywhere } from "@nixos-anywhere/deno";
 * const error = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" }).catch((e) => e);
 * if (error instanceof DiskError) console.error(`nothing was wiped: ${error.message}`);
 * ```
 */
export class DiskError extends InstallError {}

/**
 * A command failed, here or on the target.
 *
 * @example
 * ```ts ignore
 * import { CommandError, nixosAnywhere } from "@nixos-anywhere/deno";
 * const error = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" }).catch((e) => e);
 * if (error instanceof CommandError) console.error(error.where, error.exitCode, error.output);
 * ```
 */
export class CommandError extends InstallError {
  /** The command line's words. */
  readonly command: readonly string[];
  /** The exit code; for a death by signal 128 + its number. */
  readonly exitCode: number;
  /** The signal that ended the command, else `null`. */
  readonly signal: string | null;
  /** The end of what it printed, bounded, control characters escaped. */
  readonly output: string;
  /** The machine that the command ran on, as the user named it; `here` for this one. */
  readonly where: string;

  /** Makes an error of `message` and how the command ended. */
  constructor(
    message: string,
    failure:
      & ErrorOptions
      & Pick<CommandError, "hint" | "command" | "exitCode" | "signal" | "output" | "where">,
  ) {
    super(message, failure);
    this.command = failure.command;
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
    this.output = failure.output;
    this.where = failure.where;
  }
}

/**
 * The run was ended from outside, by Ctrl-C or a signal.
 *
 * @example
 * ```ts ignore
 * import { InterruptedError, nixosAnywhere } from "@nixos-anywhere/deno";
 * const error = await nixosAnywhere({ flake: ".#web", host: "root@203.0.113.7" }).catch((e) => e);
 * if (error instanceof InterruptedError) console.error("nobody confirmed it");
 * ```
 */
export class InterruptedError extends InstallError {}
