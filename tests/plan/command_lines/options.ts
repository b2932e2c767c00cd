import { everywhere, HOST, type Row, split } from "./row.ts";

const ALL = ["kexec", "disko", "install", "reboot"] as const;

const FINGERPRINT = `SHA256:${"aZ+/0".repeat(8)}abc` as const;

/** Options in the company of a flake and a target, and what the plan must say. */
const given: readonly (readonly [line: string | readonly string[], plan: Row["plan"]])[] = [
  ["", {
    phases: ALL,
    ssh: { identityFile: undefined, privateKey: undefined, port: undefined, options: [] },
    kexec: { image: undefined, force: false, extraFlags: "", port: 22 },
    build: { on: "auto", hardware: undefined, vmTest: false },
    copy: { substitute: true, machineSubstituters: true, from: undefined },
    install: { extraFiles: undefined, chown: [], keys: [], copyHostKeys: false },
    nix: { settings: [], printBuildLogs: false, showTrace: false, acceptFlakeConfig: false },
  }],
  ["", { ssh: { storeSettings: [{ name: "compress", value: "true" }] } }],
  ["-i key", { ssh: { identityFile: "key" } }],
  ["--identity=~/.ssh/id.pub", { ssh: { identityFile: "~/.ssh/id.pub" } }],
  [["-i", "/my keys/it's"], { ssh: { identityFile: "/my keys/it's" } }],
  ["-p 2222", { ssh: { port: 2222 }, kexec: { port: 22 } }],
  ["--ssh-port=1", { ssh: { port: 1 } }],
  ["--ssh-port 65535", { ssh: { port: 65535 } }],
  ["--post-kexec-ssh-port 2222", { ssh: { port: undefined }, kexec: { port: 2222 } }],
  ["--post-kexec-ssh-port=23 -p 24", { ssh: { port: 24 }, kexec: { port: 23 } }],
  ["--installer-host 2001:db8::1", { kexec: { host: "2001:db8::1", port: 22 } }],
  ["--installer-host root@web", { kexec: { host: "web" } }],
  ["-p 1 --ssh-port 2", { ssh: { port: 2 } }],
  ["--ssh-option UserKnownHostsFile=/dev/null", {
    ssh: { options: ["UserKnownHostsFile=/dev/null"] },
  }],
  ["--ssh-option A=1 --ssh-option=B=2", { ssh: { options: ["A=1", "B=2"] } }],
  [["--ssh-option", "ProxyCommand ssh -W %h:%p 'a b'"], {
    ssh: { options: ["ProxyCommand ssh -W %h:%p 'a b'"] },
  }],
  ["--ssh-store-setting compress false", {
    ssh: { storeSettings: [{ name: "compress", value: "false" }] },
  }],
  [["--ssh-store-setting", "a", "-1", "--ssh-store-setting=b", "x & y"], {
    ssh: { storeSettings: [{ name: "a", value: "-1" }, { name: "b", value: "x & y" }] },
  }],
  ["--force-kexec", { kexec: { force: true }, destination: { user: "root", host: "203.0.113.7" } }],
  ["--force-kexec --force-kexec", { kexec: { force: true } }],
  [["--kexec-extra-flags", "--no-sync -x"], { kexec: { extraFlags: "--no-sync -x" } }],
  [["--kexec-extra-flags", ""], { kexec: { extraFlags: "" } }],
  ["--kexec-extra-flags -s", { kexec: { extraFlags: "-s" } }],
  ["--kexec-extra-flags --kexec-file-syscall", { kexec: { extraFlags: "--kexec-file-syscall" } }],
  ["--kexec-extra-flags --debug", { kexec: { extraFlags: "--debug" } }],
  ["--kexec-extra-flags=--flake", { kexec: { extraFlags: "--flake" } }],
  [["--kexec-extra-flags", "'; reboot; '"], { kexec: { extraFlags: "'; reboot; '" } }],
  ["--phases kexec", { phases: ["kexec"] }],
  ["--phases install,disko", { phases: ["disko", "install"] }],
  ["--phases=reboot,install,disko,kexec", { phases: ALL }],
  ["--phases disko,disko", { phases: ["disko"] }],
  [["--phases", " kexec , disko,"], { phases: ["kexec", "disko"] }],
  ["--phases disko,kexec --phases kexec,disko", { phases: ["kexec", "disko"] }],
  ["--phases disko,kexec --stop-after-disko", { phases: ["kexec", "disko"] }],
  ["--no-reboot --stop-after-disko", { phases: ["kexec", "disko"] }],
  ["--stop-after-disko --no-reboot", { phases: ["kexec", "disko"] }],
  ["--no-reboot --no-reboot", { phases: ["kexec", "disko", "install"] }],
  ["--disko-mode disko", { source: { diskoScript: "diskoScript" } as never }],
  ["--disko-mode mount", { source: { diskoScript: "mountScript" } as never }],
  ["--disko-mode=format", { source: { diskoScript: "formatScript" } as never }],
  ["--no-disko-deps", { source: { diskoScript: "diskoScriptNoDeps" } as never }],
  ["--no-disko-deps --disko-mode format", {
    source: { diskoScript: "formatScriptNoDeps" } as never,
  }],
  ["--disko-mode mount --no-disko-deps", { source: { diskoScript: "mountScriptNoDeps" } as never }],
  ["--disko-mode mount --disko-mode disko", { source: { diskoScript: "diskoScript" } as never }],
  ["--build-on auto", { build: { on: "auto" } }],
  ["--build-on=local", { build: { on: "local" } }],
  ["--build-on remote --build-on-remote", { build: { on: "remote" } }],
  ["--generate-hardware-config nixos-facter ./facter.json", {
    build: { hardware: { backend: "nixos-facter", path: "./facter.json" } },
  }],
  [["--generate-hardware-config=nixos-generate-config", "hosts/a b/hardware.nix"], {
    build: { hardware: { backend: "nixos-generate-config", path: "hosts/a b/hardware.nix" } },
  }],
  ["--extra-files ./secrets", { install: { extraFiles: "./secrets" } }],
  [["--extra-files=-odd dir;x"], { install: { extraFiles: "-odd dir;x" } }],
  ["--chown /home/me 1000:100", { install: { chown: [{ path: "/home/me", owner: "1000:100" }] } }],
  ["--chown home/me me", { install: { chown: [{ path: "/home/me", owner: "me" }] } }],
  [["--chown", "/b c'$(x)", "me:", "--chown=/a", ":users", "--chown", "/b", "m.e$:u-s"], {
    install: {
      chown: [{ path: "/b c'$(x)", owner: "me:" }, { path: "/a", owner: ":users" }, {
        path: "/b",
        owner: "m.e$:u-s",
      }],
    },
  }],
  [["--chown", `/${"long/".repeat(60)}end`, "0:0"], {
    install: { chown: [{ path: `/${"long/".repeat(60)}end`, owner: "0:0" }] },
  }],
  ["--disk-encryption-keys /tmp/disk-1.key /tmp/disk-1.key", {
    install: { keys: [{ remote: "/tmp/disk-1.key", local: "/tmp/disk-1.key" }] },
  }],
  [["--disk-encryption-keys=/b c", "/dev/fd/63", "--disk-encryption-keys", "/ü", "-"], {
    install: { keys: [{ remote: "/b c", local: "/dev/fd/63" }, { remote: "/ü", local: "-" }] },
  }],
  ["--copy-host-keys", { install: { copyHostKeys: true } }],
  ["--reboot kexec", { reboot: "kexec", phases: ALL }],
  ["--reboot=firmware --reboot kexec --phases reboot", { reboot: "kexec", phases: ["reboot"] }],
  ["--reboot firmware", { reboot: "firmware" }],
  ["--no-substitute-on-destination", { copy: { substitute: false, machineSubstituters: false } }],
  ["--no-use-machine-substituters", { copy: { substitute: true, machineSubstituters: false } }],
  ["--from s3://b?profile=x&region=y", { copy: { from: "s3://b?profile=x&region=y" } }],
  ["--option cores 0", { nix: { settings: [{ name: "cores", value: "0" }] } }],
  [["--option", "extra-substituters", "https://a https://b", "--option=b", "--x"], {
    nix: {
      settings: [{ name: "extra-substituters", value: "https://a https://b" }, {
        name: "b",
        value: "--x",
      }],
    },
  }],
  [["--option", "max-jobs", "", "--option", "builders", "-"], {
    nix: { settings: [{ name: "max-jobs", value: "" }, { name: "builders", value: "-" }] },
  }],
  ["--dry-run", { dryRun: true, force: false }],
  ["--force", { dryRun: false, force: true, kexec: { force: false } }],
  ["--timeout boot=1200", { timeouts: { boot: 1_200_000, reboot: 300_000 } }],
  ["--timeout=copy=0.5 --timeout copy=7", { timeouts: { copy: 7000 } }],
  ["--host-key strict", { ssh: { hostKey: "strict" } }],
  ["--host-key=off", { ssh: { hostKey: "off" } }],
  [`--host-key ${FINGERPRINT}`, { ssh: { hostKey: FINGERPRINT } }],
  [`--host-key ${FINGERPRINT}=`, { ssh: { hostKey: FINGERPRINT } }],
  [["--known-hosts", "/a b"], { ssh: { knownHosts: "/a b", updateKnownHosts: false } }],
  ["--update-known-hosts", { ssh: { knownHosts: undefined, updateKnownHosts: true } }],
  [`--kexec-sha256 ${"aB".repeat(32)}`, { kexec: { sha256: "ab".repeat(32) } }],
  ["-L", { nix: { printBuildLogs: true } }],
  ["--print-build-logs", { nix: { printBuildLogs: true } }],
  ["--show-trace", { nix: { showTrace: true } }],
  ["--accept-flake-config", { nix: { acceptFlakeConfig: true } }],
];

/** What only the command knows, and what it says about options that have a successor. */
const said: readonly (readonly [line: string, wanted: Row["line"], plan?: Row["plan"]])[] = [
  ["", { yes: false, debug: false, json: false, envPassword: false, notices: [] }],
  ["--yes", { yes: true }],
  ["--debug", { debug: true }],
  ["--json", { json: true }],
  ["--quiet", { quiet: true }],
  ["--log run.log", { log: "run.log" }],
  ["--log=run.log --quiet", { log: "run.log", quiet: true }],
  ["--env-password", { envPassword: true }],
  ["--build-on-remote", {
    notices: ["--build-on-remote is deprecated: use --build-on remote"],
  }, { build: { on: "remote" } }],
  ["--stop-after-disko", {
    notices: ["--stop-after-disko is deprecated: use --phases kexec,disko"],
  }, { phases: ["kexec", "disko"] }],
  ["--no-reboot --no-reboot", {
    notices: ["--no-reboot is deprecated: use --phases kexec,disko,install"],
  }, { phases: ["kexec", "disko", "install"] }],
  ["--tty", { notices: ["--tty is deprecated: use no option in its place"] }, { phases: ALL }],
  ["-t", { notices: ["--tty is deprecated: use no option in its place"] }],
];

/** Whole command lines from the documents of the bash tool, and where `--` stands. */
const whole: readonly (readonly [line: string, plan: Row["plan"]])[] = [
  ["--flake /home/mydir/test#hetzner-cloud root@37.27.18.135", {
    destination: { user: "root", host: "37.27.18.135" },
    source: { flake: { url: "/home/mydir/test" } } as never,
  }],
  ["--extra-files /tmp/x --flake .#your-host root@yourip", {
    destination: { user: "root", host: "yourip" },
    install: { extraFiles: "/tmp/x" },
  }],
  [
    "--disk-encryption-keys /tmp/1 /tmp/1 --disk-encryption-keys /tmp/2 /dev/fd/63 --flake .#h root@ip",
    {
      install: {
        keys: [{ remote: "/tmp/1", local: "/tmp/1" }, { remote: "/tmp/2", local: "/dev/fd/63" }],
      },
    },
  ],
  [`--no-reboot --debug --option a b -L -p 23 -i k -f .#web -- ${HOST}`, {
    phases: ["kexec", "disko", "install"],
    ssh: { port: 23, identityFile: "k" },
  }],
  [`-f .#web ${HOST} --`, { destination: { user: "root", host: "203.0.113.7" } }],
  ["-f .#web --force-kexec web", { kexec: { force: true }, destination: { host: "web" } }],
  ["--flake .#a --flake .#b web", {
    source: {
      flake: { url: ".", attributes: ["nixosConfigurations", "b", "config"] },
    } as never,
  }],
];

/** Every option by itself, at three places of a command line. */
export const OPTIONS: readonly Row[] = [
  ...given.flatMap(([line, plan]) => everywhere(line, { ...(plan && { plan }) })),
  ...said.flatMap(([line, wanted, plan]) =>
    everywhere(line, { ...(wanted && { line: wanted }), ...(plan && { plan }) })
  ),
  ...whole.map(([line, plan]): Row => ({ words: split(line), ...(plan && { plan }) })),
];
