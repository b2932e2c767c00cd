/**
 * What a configuration's disko.devices says: its disks, and what will be asked for a passphrase.
 *
 * @module
 */
/** The disks of a configuration. */
export interface DiskLayout {
  /** What its disko.devices.disk names; none where it has no disko, or that cannot be read. */
  readonly disks: readonly {
    /** What the configuration calls it. */
    readonly name: string;
    /** Its device, `/dev/disk/by-id/…`. */
    readonly device: string;
    /** Whether disko's script wipes it first; else what is on it stays. */
    readonly destroy: boolean;
  }[];
  /** What its disko scripts ask a passphrase for, since the configuration names no file with one. */
  readonly passphrases: readonly {
    /** What is encrypted. */
    readonly kind: "LUKS" | "ZFS" | "bcachefs";
    /** What the configuration calls it. */
    readonly name: string;
  }[];
  /** The version of the configuration's kernel, `6.18.38`, where disko makes arrays of md for it. */
  readonly kernel?: string;
}

/**
 * A Nix function of a configuration that gives its layout. It descends only where disko's types hold others: their
 * internal attributes lead back up. What cannot be evaluated is left out; building the script says why.
 */
export const LAYOUT = `(c: let
  attempt = d: v: let r = builtins.tryEval (builtins.deepSeq v v); in if r.success then r.value else d;
  text = v: attempt "" (if v == null then "" else builtins.unsafeDiscardStringContext (toString v));
  attrs = v: if builtins.isAttrs v then v else { };
  items = v: if builtins.isList v then v else builtins.attrValues (attrs v);
  devices = attempt0 { } (attrs (c.disko.devices or { }));
  attempt0 = d: v: let r = builtins.tryEval v; in if r.success then r.value else d;
  within = builtins.concatMap within1;
  within1 = v: let
    o = attrs ((v.options or { }) // (v.rootFsOptions or { }));
    zfs = (o.keylocation or (if o ? keyformat then "prompt" else "none")) == "prompt"
      && (o.encryption or "on") != "off";
    luks = (v.askPassword or false) || !((attrs (v.settings or { })) ? keyFile)
      && (v.passwordFile or null) == null && (v.keyFile or null) == null;
    bcachefs = (v.passwordFile or null) == null
      && builtins.any (a: a == "--encrypted") (v.extraFormatArgs or [ ]);
    type = v.type or "";
    asks = if type == "luks" then luks
      else if type == "bcachefs_filesystem" then bcachefs
      else if type == "zpool" || type == "zfs_fs" || type == "zfs_volume" then zfs else false;
    own = { inherit type; name = text (v._name or v.name or ""); };
    below = builtins.concatMap (n: items (v.\${n} or { })) [ "partitions" "lvs" "datasets" ];
  in if !(builtins.isAttrs v) then [ ]
    else attempt [ ] (if asks then [ own ] else [ ])
      ++ attempt [ ] (within1 (v.content or null)) ++ attempt [ ] (within below);
in {
  disks = attempt [ ] (map (name: let d = devices.disk.\${name}; in {
    inherit name;
    device = text (d.device or "");
    destroy = attempt true (d.destroy or true);
  }) (builtins.attrNames (attrs (devices.disk or { }))));
  kernel = if attempt0 { } (attrs (devices.mdadm or { })) == { } then ""
    else text (c.boot.kernelPackages.kernel.version or "");
  passphrases = builtins.concatMap (kind: attempt [ ] (within (items (devices.\${kind} or { }))))
    [ "disk" "mdadm" "lvm_vg" "zpool" "bcachefs_filesystems" ];
})`;

const KINDS: Readonly<Record<string, DiskLayout["passphrases"][number]["kind"]>> = {
  luks: "LUKS",
  zpool: "ZFS",
  zfs_fs: "ZFS",
  zfs_volume: "ZFS",
  bcachefs_filesystem: "bcachefs",
};

/** Reads what {@linkcode LAYOUT} gave; `undefined` if it is not of its shape. */
export function parseLayout(value: unknown): DiskLayout | undefined {
  const { disks, passphrases, kernel = "" } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(disks) || !Array.isArray(passphrases)) return undefined;
  const read: DiskLayout["disks"][number][] = [];
  for (const one of disks) {
    const { name, device, destroy } = (one ?? {}) as Record<string, unknown>;
    if (!isText(name) || !isText(device) || typeof destroy !== "boolean") return undefined;
    if (device !== "" && !device.startsWith("/")) return undefined;
    if (device !== "") read.push({ name, device, destroy });
  }
  const uses: DiskLayout["passphrases"][number][] = [];
  for (const one of passphrases) {
    const { type, name } = (one ?? {}) as Record<string, unknown>;
    if (!isText(name) || !isText(type)) return undefined;
    const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
    if (kind === undefined) return undefined;
    uses.push({ kind, name });
  }
  if (!isText(kernel)) return undefined;
  return { disks: read, passphrases: uses, ...(kernel !== "" && { kernel }) };
}

/** Texts go into messages, and devices into arguments. */
function isText(value: unknown): value is string {
  return typeof value === "string" && /^[^\p{Cc}]{0,4000}$/u.test(value);
}
