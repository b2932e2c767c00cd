/**
 * What stands between a confirmed plan and wiped disks: they are the disks that were shown, and what the disko script
 * asks can be answered.
 *
 * @module
 */
import { DiskError, type InstallError, PreflightError } from "../errors.ts";
import { kernelOf } from "../files/inputs.ts";
import { readScript } from "../files/script.ts";
import type { DiskLayout } from "../nix/disk_layout.ts";
import type { Disk, FoundDisk } from "../plan/disks.ts";
import { fateOf, namesDevice, ownDisk } from "../plan/disks.ts";
import { findQuestions, type ScriptQuestion, ZFS_PASSPHRASE } from "../plan/disko_questions.ts";
import { makesArrays } from "../plan/md_arrays.ts";
import { labelsIn } from "../plan/partition_labels.ts";
import { needsKexec } from "../plan/preflight.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";
import { diskObjections, findDisks } from "../steps/find_disks.ts";
import type { Facts } from "../plan/facts.ts";
import type { Job } from "./job.ts";
import type { Built, Evaluated } from "./made.ts";
import { refuseUnlessForced } from "./refuse.ts";
import { type Dangerous, scriptDangers } from "./script_dangers.ts";

/** What the guard knows of the job. */
type Guarded = Pick<Job, "plan" | "options" | "report" | "signal">;

/** Guards the disks of one job. */
export class DiskGuard {
  /** The disks that the configuration names, as the target showed them. */
  found: readonly FoundDisk[] = [];
  readonly #job: Guarded;
  #label = "";
  /** All disks of the system that ran at first. */
  #shown: readonly Disk[] = [];
  #uses: DiskLayout["passphrases"] = [];
  /** The script's questions; `undefined` until its text was read. */
  #questions: readonly ScriptQuestion[] | undefined;
  #passphrase: string | undefined;
  /** What the script does, as far as it matters. */
  #deeds: Pick<Dangerous, "labels" | "makesArrays"> = { labels: new Set(), makesArrays: false };
  /** The version of the new system's kernel, where it is known. */
  #kernel: string | undefined;
  readonly #told = new Set<string>();
  /** Whether the installer runs already. */
  #stays = false;
  /** Whether the installer's facts are not those that were shown. */
  #stale = false;

  constructor(job: Guarded) {
    this.#job = job;
  }

  /** Finds the configuration's disks on the target, and refuses questions that nobody can answer. */
  async look(target: Session, facts: Facts, evaluated: Evaluated | undefined): Promise<void> {
    this.#label = target.label;
    this.#shown = facts.disks;
    this.#stays = !needsKexec(this.#job.plan, facts);
    if (!evaluated || !this.#concerns(evaluated)) return;
    const { signal } = this.#job;
    if (evaluated.kind === "flake") {
      const { disks, passphrases, kernel } = evaluated.evaluation.layout;
      this.#uses = passphrases;
      this.#kernel = kernel;
      const options = { script: this.#script, signal };
      try {
        this.found = await findDisks(target, disks, this.#shown, options);
      } catch (error) {
        if (!(error instanceof PreflightError)) throw error;
        refuseUnlessForced(this.#job, error);
        const all = { ...options, allowMissing: true };
        this.found = await findDisks(target, disks, this.#shown, all);
      }
      for (const one of this.found) {
        if (one.device !== undefined || one.fate === "missing") continue;
        const unknown = `this system does not show ${one.name}: looked for again in the installer`;
        this.#tell("warning", `${this.#label}: ${unknown}`);
      }
    } else {
      this.#kernel = await kernelOf(evaluated.system);
      await this.#read(evaluated.disko);
    }
    this.#refuseOwn();
    this.#refuse((message, hint) => new PreflightError(message, { hint }));
  }

  /** What was evaluated in the installer, with a hardware configuration of its own: names of disks, seen there first. */
  expect(evaluated: Evaluated): void {
    this.#stale = true;
    if (!this.#concerns(evaluated) || evaluated.kind !== "flake") return;
    const { disks, passphrases, kernel } = evaluated.evaluation.layout;
    this.#uses = passphrases;
    this.#kernel = kernel;
    this.found = disks.map((one) => {
      const disk = this.#shown.find(({ device }) => device === one.device);
      const name = one.device;
      return { name, fate: fateOf(this.#script, one), ...(disk && { device: name, disk }) };
    });
    this.#refuseOwn();
  }

  /** Asks for the passphrase before anything is booted, if what is known by now says that disko will. */
  async ask(built: Built | undefined): Promise<void> {
    if (!this.#job.plan.phases.includes("disko")) return;
    const script = built?.on === "local" ? built.disko : undefined;
    if (script !== undefined && this.#questions === undefined) await this.#read(script);
    await this.#settle((message, hint) => new PreflightError(message, { hint }));
  }

  /**
   * Looks at the disks again in the installer, right before the script is run, and at the script if it was not here.
   * Returns the passphrase, if the script asks for one.
   */
  async release(installer: Session, disko: StorePath): Promise<string | undefined> {
    const { signal } = this.#job;
    if (this.#questions === undefined) {
      const { stdout } = await installer.run(["head", "-c", "3000000", disko], {
        timeout: 60_000,
        signal,
      });
      this.#learn(stdout.includes("\0") ? "" : stdout);
    }
    await this.#settle((message, hint) => new DiskError(message, { hint }));
    const known = { ...this.#deeds, found: this.found, kernel: this.#kernel };
    const objections = [
      // First: it waits until the installer has names for its disks.
      ...(this.#stale ? await diskObjections(installer, this.found, this.#shown, { signal }) : []),
      ...await scriptDangers(installer, known, signal),
    ];
    for (const objection of objections) refuseUnlessForced(this.#job, objection);
    return this.#passphrase;
  }

  /** Another boot of the target: disks may have other names there. */
  booted(): void {
    this.#stale = true;
  }

  #concerns(evaluated: Evaluated): evaluated is Exclude<Evaluated, { kind: "none" }> {
    return evaluated.kind !== "none" && this.#job.plan.phases.includes("disko");
  }

  get #script(): string {
    const { source } = this.#job.plan;
    return source.kind === "flake" ? source.diskoScript : "diskoScript";
  }

  async #read(disko: StorePath): Promise<void> {
    const text = await readScript(disko);
    if (text !== undefined) this.#learn(text);
  }

  #learn(text: string): void {
    this.#questions = findQuestions(text);
    // Nobody has told which disks a script is for that comes without its configuration.
    const guesses = this.#job.plan.source.kind === "paths";
    const labels = guesses ? new Set<string>() : labelsIn(text);
    this.#deeds = { labels, makesArrays: makesArrays(text) };
    if (!guesses) return;
    this.found = this.#shown.filter(({ device }) => namesDevice(text, device))
      .map((disk) => ({ name: disk.device, device: disk.device, disk, fate: "wiped" as const }));
  }

  /** Whether disko asks for a passphrase. */
  get asks(): boolean {
    return this.#uses.length > 0 || !!this.#questions?.some(({ kind }) => kind === "passphrase");
  }

  #refuse(error: Refusal): void {
    const { options, plan } = this.#job;
    const elsewhere = this.#questions?.find(({ kind }) => kind === "elsewhere");
    if (!elsewhere && !this.asks) return;
    if (!elsewhere && options.diskPassphrase) {
      const text = `${this.#question}: it is asked for here before the disks are touched`;
      this.#tell("info", text);
      return;
    }
    const message = elsewhere
      ? `${this.#label}: the disko script asks for a passphrase where it cannot be given: ${elsewhere.code}`
      : this.#unanswered;
    // Who looks at a plan need not be who runs it.
    if (plan.dryRun) this.#tell("warning", message);
    else if (!this.#told.has(message)) refuseUnlessForced(this.#job, error(message, HINT));
    this.#told.add(message);
  }

  /** The disk that the installer runs from, which cannot be formatted under it. */
  #refuseOwn(): void {
    // What store paths format is only guessed from the script's text.
    if (!this.#stays || this.#job.plan.source.kind !== "flake") return;
    const own = ownDisk(this.found);
    if (own === undefined) return;
    const text = `${this.#label}: the installer runs from ${own}`;
    refuseUnlessForced(this.#job, new PreflightError(text, { hint: HINT_OWN }));
  }

  /** Tells something once. */
  #tell(level: "info" | "warning", text: string): void {
    if (!this.#told.has(text)) this.#job.report({ type: "log", level, text });
    this.#told.add(text);
  }

  get #question(): string {
    const what = this.#uses.map(({ kind, name }) => `${kind} ${name}`).join(", ");
    const question = what
      ? `disko asks for the passphrase of ${what}`
      : "the disko script asks for a passphrase";
    return `${this.#label}: ${question}`;
  }

  get #unanswered(): string {
    return `${this.#question}, and nobody can answer`;
  }

  async #settle(error: Refusal): Promise<void> {
    for (const { kind, code } of this.#questions ?? []) {
      const text = `the disko script may ask a question, which is not answered: ${code}`;
      if (kind === "other") this.#tell("warning", text);
    }
    if (this.#passphrase !== undefined) return;
    this.#refuse(error); // the same as before, or what the script's text has told since
    const { diskPassphrase } = this.#job.options;
    if (!this.asks || !diskPassphrase) return;
    const zfs = this.#uses.some(({ kind }) => kind === "ZFS") ? ZFS_PASSPHRASE : 1;
    const atLeast = Math.max(zfs, ...(this.#questions ?? []).map((one) => one.atLeast));
    const answer = await diskPassphrase({ host: this.#label, uses: this.#uses, atLeast });
    if (answer === undefined || answer === "") {
      refuseUnlessForced(this.#job, error(this.#unanswered, HINT));
      return;
    }
    if (answer.length < atLeast || /[\0\r\n]/.test(answer)) {
      const why = answer.length < atLeast
        ? `is shorter than ${atLeast} characters`
        : "is no single line";
      throw error(
        `${this.#label}: the passphrase for the disks ${why}`,
        "give another one, of a single line",
      );
    }
    this.#passphrase = answer;
  }
}

type Refusal = (message: string, hint: string) => InstallError;

const HINT_OWN =
  "name another disk in the configuration, or let kexec start an installer that needs none: --force-kexec";
const HINT =
  "run it on a terminal, set DISK_PASSPHRASE, or name a passwordFile in the configuration and give it with --disk-encryption-keys";
