/** What may import what. */

/** The rooms of the tree, and the rooms each may use beside itself. From the top down. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  cli: ["mod", "flow", "steps", "copy", "nix", "ssh", "files", "process", "report", "plan", "base"],
  mod: ["flow", "steps", "copy", "nix", "ssh", "files", "process", "report", "plan", "base"],
  flow: ["steps", "copy", "nix", "ssh", "files", "process", "report", "plan", "base"],
  steps: ["copy", "protocol", "nix", "ssh", "files", "process", "report", "plan", "base"],
  copy: ["protocol", "nix", "ssh", "files", "process", "report", "plan", "base"],
  nix: ["ssh", "process", "report", "plan", "base"],
  ssh: ["process", "report", "plan", "base"],
  files: ["process", "report", "plan", "base"],
  process: ["report", "plan", "base"],
  // Nothing below runs anything.
  report: ["plan", "base"],
  plan: ["report", "base"],
  protocol: ["base"],
  base: [],
};

/** One module importing another, as paths from the project's root. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** The room a file is in; `protocol` for what is pure of copying, `base` for the small files directly in lib, which use nothing. */
export function roomOf(path: string): string {
  if (/^lib\/copy\/(protocol\/|policy\.ts$)/.test(path)) return "protocol";
  const [top = "", second = "", ...deeper] = path.replace(/\.ts$/, "").split("/");
  if (top !== "lib") return top;
  if (deeper.length > 0) return second;
  return second in MAY_USE ? second : "base";
}

/** What is wrong with the imports, one sentence each. */
export function wrongImports(edges: readonly Edge[]): string[] {
  return edges.flatMap(({ from, to }) => {
    const [room, other] = [roomOf(from), roomOf(to)];
    const allowed = MAY_USE[room];
    if (!allowed) return [`${from} is in no room that is known: add "${room}" to the table`];
    if (room === "steps" && other === "steps" && stepOf(from) !== stepOf(to)) {
      return [`${from} imports ${to}: a step is handed what another returns`];
    }
    return room === other || allowed.includes(other)
      ? []
      : [`${from} imports ${to}: ${room} may not use ${other}`];
  });
}

/** The name of a step that is a file or a folder. */
function stepOf(path: string): string | undefined {
  return path.replace(/\.ts$/, "").split("/")[2];
}

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

/** The imports inside of a folder, of types too, from what `deno info --json` says. */
export function edgesOf(info: Info, root: URL): Edge[] {
  const path = (specifier = "") =>
    specifier.startsWith(root.href) ? decodeURI(specifier.slice(root.href.length)) : undefined;
  return info.modules.flatMap(({ specifier, dependencies = [] }) => {
    const from = path(specifier);
    return dependencies.flatMap(({ code, type }) => {
      const to = path(code?.specifier ?? type?.specifier);
      // What stands in for the registry is no part of the package, wherever it is; the settings are nobody's room.
      return from && to && !from.startsWith("tests/") && !to.startsWith("tests/jsr/@") &&
          to !== "deno.json"
        ? [{ from, to }]
        : [];
    });
  });
}
