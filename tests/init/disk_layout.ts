/**
 * What has to hold of a layout of disks, whatever it is.
 *
 * @module
 */

/** A node of `disko.devices`. */
export interface Node {
  readonly type?: string;
  readonly content?: Node;
  readonly [name: string]: unknown;
}

/** What is wrong with the value of `disko.devices`, one sentence each; the mount points as well. */
export function readLayout(devices: Readonly<Record<string, Record<string, Node>>>): {
  readonly wrong: readonly string[];
  readonly mounted: Readonly<Record<string, string>>;
  readonly disks: readonly string[];
} {
  const wrong: string[] = [];
  const mounted: Record<string, string> = {};
  const members: Record<string, number> = {};
  const mount = (point: unknown, kind: string) => {
    if (typeof point !== "string" || !point.startsWith("/")) wrong.push(`${kind} is not mounted`);
    else if (point in mounted) wrong.push(`${point} is mounted twice`);
    else mounted[point] = kind;
  };
  const visit = (node: Node): void => {
    const children = (name: string) => Object.values((node[name] ?? {}) as Record<string, Node>);
    switch (node.type) {
      case "gpt": {
        const sizes = children("partitions").map(({ size }) => size);
        if (sizes.filter((size) => size === "100%").length !== 1) wrong.push("not one rest");
        for (const { content, type } of children("partitions")) {
          if (content) visit(content);
          else if (type !== "EF02") wrong.push("a partition is empty");
        }
        return;
      }
      case "filesystem":
        return mount(node["mountpoint"], String(node["format"]));
      case "luks":
        if (!node["name"] || !node.content) wrong.push("luks without a name or a content");
        return node.content && visit(node.content);
      case "btrfs":
        return children("subvolumes").forEach(({ mountpoint }) => mount(mountpoint, "btrfs"));
      case "zfs":
      case "mdraid": {
        const name = `${node.type === "zfs" ? "zpool" : "mdadm"} ${node["pool"] ?? node["name"]}`;
        members[name] = (members[name] ?? 0) + 1;
        return;
      }
      case "zpool":
        return children("datasets").forEach(({ mountpoint }) => mount(mountpoint, "zfs"));
      case "mdadm":
        return node.content && visit(node.content);
      default:
        wrong.push(`${node.type} is unknown`);
    }
  };
  const { disk = {}, ...groups } = devices;
  const disks = Object.values(disk).map(({ type, device, content }) => {
    if (type !== "disk" || !content) wrong.push("a disk without a content");
    else visit(content);
    return String(device);
  });
  for (const [kind, all] of Object.entries(groups)) {
    for (const [name, node] of Object.entries(all)) {
      const count = members[`${kind} ${name}`] ?? 0;
      if (count < (kind === "mdadm" ? 2 : 1)) wrong.push(`${kind} ${name} has ${count} members`);
      delete members[`${kind} ${name}`];
      visit(node);
    }
  }
  wrong.push(...Object.keys(members).map((name) => `${name} is made nowhere`));
  for (const point of ["/", "/boot"]) if (!(point in mounted)) wrong.push(`no ${point}`);
  return { wrong, mounted, disks };
}
