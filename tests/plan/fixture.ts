import { type Facts, parseFacts, TOOLS } from "../../lib/plan/facts.ts";

/** What a common server answers, by key. */
const SERVER: Readonly<Record<string, string>> = {
  os: "Linux",
  arch: "x86_64",
  name: "Debian GNU/Linux 12 (bookworm)",
  nixos: "n",
  installer: "n",
  container: "none",
  user: "root",
  uid: "0",
  become: "root",
  aes: "y",
  memory: "2014488",
  kexec: "possible",
  boot_id: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
  ipv6_only: "n",
};

/** The facts script's answer; `undefined` leaves a key out. */
export function answer(
  changed: Readonly<Record<string, string | undefined>> = {},
  more: readonly string[] = TOOLS.map((tool) => `fact tool ${tool}`),
): string {
  const lines = Object.entries({ ...SERVER, ...changed }).flatMap(([key, value]) =>
    value === undefined ? [] : [`fact ${key} ${value}`]
  );
  return [...lines, ...more, "facts end", ""].join("\n");
}

/** A common server's facts, some of them changed. */
export function facts(changed: Partial<Facts> = {}): Facts {
  return { ...parseFacts(answer(), "web"), ...changed };
}
