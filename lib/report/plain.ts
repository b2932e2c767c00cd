/**
 * Shows events as lines of text.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import type { Reporter, ReportEvent, Stage } from "./events.ts";

/** How lines are shown; everything has a default. */
export interface PlainOptions {
  /** Whether commands, debug lines and all output are shown. @default false */
  readonly debug?: boolean;
  /** Whether headings stand out by escape sequences of a terminal. @default false */
  readonly color?: boolean;
}

const TITLES: Readonly<Record<Stage, string>> = {
  connect: "Connecting",
  build: "Building the system",
  image: "Uploading the kexec image",
  kexec: "Booting the installer",
  hardware: "Looking at the hardware",
  disko: "Formatting the disks",
  install: "Installing",
  reboot: "Rebooting",
};

/** A reporter that hands `write` one line at a time, without its line feed; never animates. */
export function plainRenderer(write: (line: string) => void, options: PlainOptions = {}): Reporter {
  return (event) => {
    const line = plainLine(event, options);
    if (line !== undefined) write(line);
  };
}

/** The line of an event, `undefined` where it is not shown. */
export function plainLine(
  event: ReportEvent,
  { debug = false, color = false }: PlainOptions,
): string | undefined {
  const strong = (text: string) => color ? `\x1b[1m${text}\x1b[0m` : text;
  switch (event.type) {
    case "stage": {
      const title = TITLES[event.stage];
      const seconds = event.ms === undefined ? "" : ` (${(event.ms / 1000).toFixed(1)} s)`;
      const detail = event.detail === undefined ? "" : `: ${escapeControls(event.detail)}`;
      if (event.state === "start") return strong(`### ${title}`);
      if (event.state === "done") return `### ${title}: done${seconds}`;
      return `### ${title}: ${event.state}${detail}${seconds}`;
    }
    case "log":
      if (event.level === "debug" && !debug) return undefined;
      return `${event.level === "warning" ? "warning: " : ""}${escapeControls(event.text)}`;
    case "command": {
      if (!debug) return undefined;
      const words = event.command.map((word) =>
        /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)
      );
      return `${event.where}$ ${escapeControls(words.join(" "))}`;
    }
    case "output": {
      // disko traces every command of its script: of interest only to who debugs it.
      const trace = event.source === "disko" && /^\++ /.test(event.line);
      if (!debug && (trace || event.source === "ssh" || event.line.trim() === "")) return undefined;
      return `${event.source} | ${escapeControls(event.line)}`;
    }
    case "host-key":
      return `${event.host}: host key ${event.fingerprint} (${
        event.trust === "known" ? "known" : "new, accepted for this run"
      })`;
    case "state":
      return debug ? `state: ${event.text}` : undefined;
    case "progress":
      return undefined;
  }
}
