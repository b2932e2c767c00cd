/** What only one file may touch, found in the syntax tree: comments and texts do not count. */

const ONLY_IN: Readonly<Record<string, string>> = {
  "Deno.Command": "lib/process.ts",
  "Deno.addSignalListener": "lib/cli/interrupts.ts",
  "Deno.args": "cli.ts",
  "Deno.exit": "cli.ts",
  console: "cli.ts",
};

/** What is wrong with the uses in one file of the package, one sentence each. */
export function wrongUses(path: string, source: string): string[] {
  return found(path, source).flatMap((use) => {
    if (use === "export default") return [`${path} has a default export: exports have names`];
    const owner = ONLY_IN[use];
    return owner && owner !== path ? [`${path} uses ${use}: only ${owner} may`] : [];
  });
}

/** Whether a file exports a default. */
export function hasDefaultExport(path: string, source: string): boolean {
  return found(path, source).includes("export default");
}

function found(path: string, source: string): string[] {
  const plugin: Deno.lint.Plugin = {
    name: "uses",
    rules: {
      found: {
        create: (context) => {
          const report = (node: Deno.lint.Node, message: string) =>
            context.report({ node, message });
          return {
            ExportDefaultDeclaration: (node) => report(node, "export default"),
            "ExportSpecifier[exported.name='default']": (node: Deno.lint.Node) =>
              report(node, "export default"),
            "MemberExpression[object.name='Deno']": (node: Deno.lint.MemberExpression) => {
              const { property } = node;
              if (property.type === "Identifier") report(node, `Deno.${property.name}`);
              if (property.type === "Literal") report(node, `Deno.${property.value}`);
            },
            "VariableDeclarator[init.name='Deno'] Property": (node: Deno.lint.Property) => {
              if (node.key.type === "Identifier") report(node, `Deno.${node.key.name}`);
            },
            "MemberExpression[object.name='console']": (node: Deno.lint.Node) =>
              report(node, "console"),
          };
        },
      },
    },
  };
  return Deno.lint.runPlugin(plugin, path, source).map(({ message }) => message);
}
