/**
 * Every error this module throws on purpose. Each has a `message` (what failed, on which machine, the
 * value that was wrong) and a `hint` (what to do next).
 *
 * @module
 */

/** What every error of this module carries besides its message. */
export interface FailureOptions extends ErrorOptions {
  /** What to do next, one sentence. */
  readonly hint: string;
}

/** The base of every error thrown on purpose; catch this one to tell them from bugs. */
export class InstallError extends Error {
  /** What to do next, one sentence. */
  readonly hint: string;

  /** Makes an error of `message` with its hint and, where there is one, its cause. */
  constructor(message: string, options: FailureOptions) {
    super(message, options);
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** An option or a local input is wrong. Nothing was contacted. */
export class UsageError extends InstallError {}

/** The target cannot be installed this way. Nothing was changed on it. */
export class PreflightError extends InstallError {}

/** What an error of a login carries. */
export interface LoginFailure extends FailureOptions {
  /** The fingerprint of the host key that was shown, `SHA256:…`. @default not known */
  readonly fingerprint?: string | undefined;
}

/** The target is not the machine it should be: its host key is unknown, or not the one it had. */
export class HostIdentityError extends InstallError {
  /** The fingerprint of the host key that was shown, `SHA256:…`, where it is known. */
  readonly fingerprint: string | undefined;

  /** Makes an error of `message` with its hint and the host key that was shown. */
  constructor(message: string, options: LoginFailure) {
    super(message, options);
    this.fingerprint = options.fingerprint;
  }
}

/** The target cannot be reached or logged in to, or the connection to it was lost. */
export class ConnectionError extends InstallError {}

/** The target answered, and refused the login. */
export class LoginError extends ConnectionError {
  /** The fingerprint of the host key that the target proved to have, `SHA256:…`, where it is known. */
  readonly fingerprint: string | undefined;

  /** Makes an error of `message` with its hint and the target's host key. */
  constructor(message: string, options: LoginFailure) {
    super(message, options);
    this.fingerprint = options.fingerprint;
  }
}

/** Something took longer than it may. */
export class DeadlineError extends InstallError {}

/** A machine did not come back as the system that it was to boot. */
export class BootError extends InstallError {
  /** `stayed`: the same boot still runs; `other`: a new boot, of another system; `silent`: no answer. */
  readonly outcome: BootOutcome;

  /** Makes an error of `message` with its hint and what became of the machine. */
  constructor(message: string, options: FailureOptions & { readonly outcome: BootOutcome }) {
    super(message, options);
    this.outcome = options.outcome;
  }
}

/** What became of a machine that did not come back as it should; see {@linkcode BootError}. */
export type BootOutcome = "stayed" | "other" | "silent";

/** What a machine runs after a system was not activated as it should; see {@linkcode ActivationError}. */
export type ActivationOutcome = "back" | "broken" | "kept" | "unknown";

/** A system was not activated, or the machine was not reachable by a new login afterwards. */
export class ActivationError extends InstallError {
  /**
   * `back`: the machine runs the system before again; `broken`: going back failed too; `kept`: it was not to go back;
   * `unknown`: it could not be asked, and goes back by itself.
   */
  readonly outcome: ActivationOutcome;
  /** The exit code of the new system's switch-to-configuration, where it has ended. */
  readonly exitCode: number | undefined;

  /** Makes an error of `message` with its hint and what became of the machine. */
  constructor(
    message: string,
    options: FailureOptions & {
      readonly outcome: ActivationOutcome;
      readonly exitCode?: number | undefined;
    },
  ) {
    super(message, options);
    this.outcome = options.outcome;
    this.exitCode = options.exitCode;
  }
}

/** The target's answer does not have the shape it must have. */
export class AnswerError extends InstallError {}

/** The installer's disks are not those that were shown, or not ready for disko. Nothing on them was changed. */
export class DiskError extends InstallError {}

/** How a command ended, as {@linkcode CommandError} tells it. */
export interface CommandFailure extends FailureOptions {
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
}

/** A command failed, here or on the target. */
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
  constructor(message: string, failure: CommandFailure) {
    super(message, failure);
    this.command = failure.command;
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
    this.output = failure.output;
    this.where = failure.where;
  }
}

/** The run was ended from outside, by Ctrl-C or a signal. */
export class InterruptedError extends InstallError {}
